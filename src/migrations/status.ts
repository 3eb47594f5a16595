import type { Connection } from '../database/connection.js';
import { SUM_FILE, type SumDifference, sumsAgree } from './checksum.js';
import { compareHistory, describeTorn, type HistoryComparison } from './compare-history.js';
import { migrationEngine } from './engine.js';
import type { MigrationFolder } from './folder.js';
import { branchesOf, unlabelledHeads } from './graph/branches.js';
import { effectiveTipsOf, tipsInOrder } from './graph/reach.js';
import { type AppliedRevision, type History, type LastRun, type LockHolder, NO_HISTORY } from './history.js';
import { type Migration, reverseOf } from './migration-file.js';

/** One line of status and history. */
export interface MigrationState {
  readonly revision: string;
  readonly name: string;
  /** The forward file's name; null when the database has the revision and the folder has not. */
  readonly file: string | null;
  readonly parents: readonly string[];
  /** What it needs besides its parents. */
  readonly dependsOn: readonly string[];
  /** The label of the line that begins here. */
  readonly branch: string | null;
  readonly state: 'applied' | 'pending' | 'applying' | 'reverting';
  /** Null while it is pending. */
  readonly origin: AppliedRevision['origin'] | null;
  /** True when the file is not the one that was applied. */
  readonly edited: boolean;
  /** True when it is pending and something after it is applied. */
  readonly outOfOrder: boolean;
  /** `file`, `database` (the file is gone, its text was kept), or null: it cannot be taken down. */
  readonly down: 'file' | 'database' | null;
  /** ISO 8601, UTC. */
  readonly appliedAt: string | null;
  readonly appliedBy: string | null;
  readonly durationMs: number | null;
  /** Only of an unfinished one. */
  readonly statementsDone: number | null;
  readonly statementsTotal: number | null;
  readonly error: string | null;
}

/** Something that stands in the way of the next run, with the code of the error it would end with. */
export interface MigrationProblem {
  readonly code: string;
  /** Plain words without full stop. */
  readonly message: string;
}

/** One labelled line of the folder. */
export interface BranchState {
  readonly label: string;
  /** Where the label stands. */
  readonly revision: string;
  /** Several where the line divides further on; empty where it has been merged into another. */
  readonly heads: readonly string[];
  /** Where the database is on this line; empty: nothing of it is applied. */
  readonly current: readonly string[];
}

/** Where a folder and a database are. Plain JSON values: what `--json` prints. */
export interface MigrationStatus {
  /** Empty: at base, or no database was asked. */
  readonly current: readonly string[];
  readonly heads: readonly string[];
  readonly branches: readonly BranchState[];
  /** False when no database was asked. */
  readonly connected: boolean;
  readonly pending: number;
  /** Every revision of folder and database, in order. */
  readonly migrations: readonly MigrationState[];
  readonly problems: readonly MigrationProblem[];
  readonly sum: SumDifference & { readonly state: 'ok' | 'missing' | 'different' };
  readonly lastRun: (Omit<LastRun, 'outcome'> & { readonly outcome: LastRun['outcome'] | 'running' }) | null;
  /** Who is migrating right now. */
  readonly running: LockHolder | null;
}

/** What `statusOf` works with, for who also needs the graph. */
export interface Position {
  readonly comparison: HistoryComparison;
  readonly history: History;
  /** False when no database was asked. */
  readonly connected: boolean;
}

/**
 * Reads where folder and database are, in one round trip, without writing anything. Without a connection
 * only the folder is looked at. Problems are results here, not errors; it throws what is wrong with the graph
 * itself, and `history-newer`.
 */
export async function migrationStatus(
  connection: Connection | undefined,
  folder: MigrationFolder,
): Promise<MigrationStatus> {
  return statusOf(folder, await readPosition(connection, folder));
}

/** The reading part of `migrationStatus`; throws the same. */
export async function readPosition(
  connection: Connection | undefined,
  folder: MigrationFolder,
): Promise<Position> {
  const history: History =
    connection === undefined ? NO_HISTORY : await (await migrationEngine(connection)).history.read();
  return { comparison: compareHistory(folder, history), history, connected: connection !== undefined };
}

/**
 * As `readPosition`, with a folder that is read while the database answers: both take long where there are
 * thousands of revisions. What is wrong with the folder is thrown before what is wrong with the history.
 */
export async function readFolderAndPosition(
  connection: Connection,
  readFolder: () => Promise<MigrationFolder>,
): Promise<{ readonly folder: MigrationFolder; readonly position: Position }> {
  const engine = await migrationEngine(connection);
  const answer = engine.history.read();
  answer.catch(() => undefined);
  // Files are read without a pause: the question has to be on its way before.
  await new Promise(setImmediate);
  const folder = await readFolder();
  const history = await answer;
  const comparison = compareHistory(folder, history);
  return { folder, position: { comparison, history, connected: true } };
}

/** Puts into plain values what was read. */
export function statusOf(folder: MigrationFolder, position: Position): MigrationStatus {
  const { comparison, history, connected } = position;
  const { state, ...sum } = sumState(folder);
  const tips = (ids: ReadonlySet<string>): string[] => tipsInOrder(comparison.graph, ids);
  const branches = branchesOf(comparison.files);
  const unlabelled = unlabelledHeads(comparison.files, branches);
  const marks = { edited: new Set(comparison.edited), outOfOrder: new Set(comparison.outOfOrder) };
  return {
    current: tips(comparison.applied),
    heads: comparison.files.heads,
    branches: branches.map(({ label, revision, region, heads }) => ({
      label,
      revision,
      heads,
      current: tips(new Set([...comparison.applied].filter((id) => region.has(id)))),
    })),
    connected,
    pending:
      comparison.pending.length + comparison.unfinished.filter((row) => row.state === 'applying').length,
    migrations: comparison.graph.order.map((revision) => stateOf(revision.id, comparison, marks)),
    problems: [...folderProblems(folder, unlabelled), ...databaseProblems(comparison, history)],
    sum: { state, ...sum },
    lastRun: lastRunOf(history),
    running: history.lockHolder ?? null,
  };
}

/**
 * True when everything that the heads of the folder need is applied, and nothing else is: it stands on the same
 * ends, those left out that another end depends on.
 */
export function isAtHeads({ comparison }: Position): boolean {
  const { graph, files, applied, pending, unfinished } = comparison;
  const ends = effectiveTipsOf(graph, applied);
  return (
    pending.length === 0 &&
    unfinished.length === 0 &&
    ends.length === files.effectiveHeads.length &&
    files.effectiveHeads.every((id) => ends.includes(id))
  );
}

function sumState(folder: MigrationFolder): MigrationStatus['sum'] {
  const state = sumsAgree(folder.difference) ? 'ok' : folder.listed === undefined ? 'missing' : 'different';
  return { state, ...folder.difference };
}

function stateOf(
  id: string,
  comparison: HistoryComparison,
  { edited, outOfOrder }: { readonly edited: ReadonlySet<string>; readonly outOfOrder: ReadonlySet<string> },
): MigrationState {
  const migration = comparison.migrations.get(id);
  const row = comparison.recorded.get(id);
  const unfinished = row !== undefined && row.state !== 'applied';
  const { name, parents, dependsOn, branch } = comparison.graph.byId.get(id)!;
  return {
    revision: id,
    name,
    file: migration?.file ?? null,
    parents,
    dependsOn,
    branch: branch ?? null,
    state: row?.state ?? 'pending',
    origin: row?.origin ?? null,
    edited: edited.has(id),
    outOfOrder: outOfOrder.has(id),
    down: hasDown(migration) ? 'file' : row?.hasDown === true ? 'database' : null,
    appliedAt: row?.appliedAt ?? null,
    appliedBy: row?.appliedBy ?? null,
    durationMs: row?.durationMs ?? null,
    statementsDone: unfinished ? row.statementsDone : null,
    statementsTotal: unfinished ? row.statementsTotal : null,
    error: row?.error ?? null,
  };
}

function folderProblems(folder: MigrationFolder, unlabelled: readonly string[]): MigrationProblem[] {
  const problems: MigrationProblem[] = [];
  const { added, edited, removed } = folder.difference;
  if (folder.listed === undefined && added.length > 0) {
    problems.push({ code: 'sum-missing', message: `there is no ${SUM_FILE}` });
  } else {
    for (const file of edited) {
      problems.push({ code: 'sum-mismatch', message: `${file} differs from its line in ${SUM_FILE}` });
    }
    for (const file of added) {
      problems.push({ code: 'sum-mismatch', message: `${file} is not listed in ${SUM_FILE}` });
    }
    for (const file of removed) {
      problems.push({ code: 'sum-mismatch', message: `${file} is listed in ${SUM_FILE}, but gone` });
    }
  }
  if (unlabelled.length > 1) {
    problems.push({
      code: 'several-heads',
      message: `there are several heads: ${unlabelled.join(', ')} ("tidemark migrate merge" joins them, "tidemark migrate rebase" puts one after the other)`,
    });
  }
  return problems;
}

function databaseProblems(comparison: HistoryComparison, history: History): MigrationProblem[] {
  const file = (id: string): string => comparison.migrations.get(id)!.file;
  const ahead = new Set(comparison.ahead);
  const inTorn = new Set(comparison.torn.flatMap((torn) => torn.recorded));
  const missing = comparison.missing.filter((id) => !inTorn.has(id));
  const problems: MigrationProblem[] = [
    ...comparison.edited.map((id) => ({
      code: 'history-edited',
      message: `${file(id)} was edited after it was applied`,
    })),
    ...comparison.torn.map((torn) => ({ code: 'squash-torn', message: describeTorn(torn) })),
    ...missing.map((id) =>
      ahead.has(id)
        ? { code: 'history-ahead', message: `revision ${id} is applied, but the folder has no file for it` }
        : { code: 'history-missing', message: `the file of the applied revision ${id} is gone` },
    ),
    ...comparison.lost.map(({ revision, follower }) => ({
      code: 'history-damaged',
      message: `the history does not record ${revision}, after which ${follower} came`,
    })),
    ...comparison.outOfOrder.map((id) => ({
      code: 'out-of-order',
      message: `${file(id)} comes before migrations that are applied already`,
    })),
  ];
  // A run at work is no problem; what it has half done is its business.
  if (history.lockHolder !== undefined) return problems;
  for (const row of comparison.unfinished) {
    const way = row.state === 'applying' ? 'applied' : 'taken down';
    const why = row.error === undefined ? '' : `: ${row.error}`;
    problems.push({
      code: 'history-unfinished',
      message: `revision ${row.revision} is half ${way}, ${row.statementsDone} of ${row.statementsTotal} statements${why}`,
    });
  }
  const last = history.lastRun;
  if (last?.outcome === 'open') {
    problems.push({
      code: 'run-interrupted',
      message: `the run that ${last.by} began at ${last.startedAt} on ${last.host} (process ${last.pid}) ended without a word; every migration not listed as applied was rolled back or is listed as half done`,
    });
  }
  return problems;
}

function lastRunOf(history: History): MigrationStatus['lastRun'] {
  const last = history.lastRun;
  if (last === undefined) return null;
  const running = last.outcome === 'open' && history.lockHolder !== undefined;
  return { ...last, outcome: running ? 'running' : last.outcome };
}

/** A program is not loaded to know: its text says that it exports a downgrade. */
function hasDown(migration: Migration | undefined): boolean {
  if (migration?.language === 'program') return /^\s*export\b[^;]*\bdowngrade\b/m.test(migration.up);
  return migration !== undefined && reverseOf(migration) !== undefined;
}
