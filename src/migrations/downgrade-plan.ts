import { TidemarkError } from '../errors.js';
import { compareHistory, type HistoryComparison, label, requireRevertible } from './compare-history.js';
import { readDirectives } from './directives.js';
import type { MigrationFolder } from './folder.js';
import { downgradeSteps } from './graph/downgrade-steps.js';
import { tipsInOrder } from './graph/reach.js';
import type { Target } from './graph/target.js';
import type { AppliedRevision, History } from './history.js';
import type { Job } from './job.js';
import type { MigrateResult } from './migrate-options.js';
import type { Migration, MigrationDown } from './migration-file.js';
import type { PlanContext } from './plan-context.js';
import { loadProgram, type Program } from './program.js';
import { programScript, readScript } from './script.js';
import { hasStatements } from './sql-comments.js';
import { requireUnchangedStart } from './unchanged-start.js';

/** What a downgrade does. */
export interface DowngradePlan {
  readonly comparison: HistoryComparison;
  readonly jobs: readonly Job[];
}

/** Gives the text that a database kept to take a revision down. */
type KeptText = (revision: string) => Promise<string | undefined>;

/**
 * Plans a downgrade from where the history says that the database is; reads every script that will run. Throws
 * TidemarkError as `migrateDown` does before it changes anything.
 */
export async function planDowngrade(
  context: PlanContext,
  folder: MigrationFolder,
  history: History,
  { target, kept }: { readonly target: Target | undefined; readonly kept: KeptText },
): Promise<DowngradePlan> {
  const comparison = compareHistory(folder, history, [target]);
  requireRevertible(comparison);
  const there = new Set(comparison.recorded.keys());
  const jobs: Job[] = [];
  for (const revision of downgradeSteps(comparison.graph, there, target)) {
    const row = comparison.recorded.get(revision.id)!;
    jobs.push(await planJob(context, row, comparison.migrations.get(revision.id), kept));
  }
  return { comparison, jobs };
}

/** What a downgrade gives back, before anything ran. */
export function downgradeResult({ comparison, jobs }: DowngradePlan, dryRun: boolean): MigrateResult {
  const { graph, recorded } = comparison;
  const steps = jobs.map((job) => job.step);
  const gone = new Set(steps.map((step) => step.revision));
  const there = [...recorded.keys()];
  return {
    direction: 'down',
    dryRun,
    steps,
    baselined: [],
    before: tipsInOrder(graph, new Set(there)),
    after: tipsInOrder(graph, new Set(there.filter((id) => !gone.has(id)))),
    durationMs: 0,
  };
}

async function planJob(
  context: PlanContext,
  row: AppliedRevision,
  migration: Migration | undefined,
  kept: KeptText,
): Promise<Job> {
  const { dialect, engine, identity } = context;
  const program = migration?.language === 'program' ? await downgradeOf(migration) : undefined;
  const down = program
    ? { path: migration!.path, sql: migration!.up, transaction: 'file' as const }
    : (migration?.down ?? (await downFromHistory(row, migration, kept)));
  const script = program
    ? programScript(down.sql, down.path)
    : await readScript(dialect, down.sql, down.path, down.transaction, engine.mayCommit);
  const reverting = row.state === 'reverting';
  const forward = migration === undefined ? row.statementsTotal > 0 : hasStatements(migration.up);
  if (!program && forward && script.statements.length === 0) throw emptyDown(row, down);
  const resumable = script.mode === 'resumable' || reverting;
  const progress = reverting
    ? { statementsDone: row.statementsDone, statementHashes: row.statementHashes }
    : { statementsDone: 0, statementHashes: [] };
  if (reverting) requireUnchangedStart(down, script.statements, row);
  const finish = [
    engine.history.deleteRevision(row.revision),
    engine.history.log({ revision: row.revision, outcome: 'done' }, identity),
  ];
  return {
    step: {
      revision: row.revision,
      name: row.name,
      direction: 'down',
      path: down.path,
      fromHistory: program === undefined && migration?.down === undefined,
      mode: resumable ? 'resumable' : 'transaction',
      statements: script.statements.map(({ sql, line }) => ({ sql, line })),
      alreadyDone: progress.statementsDone,
    },
    script,
    program,
    record: finish,
    resumable: resumable
      ? {
          begin: engine.history.beginRevert(row.revision, script.statements.length, progress),
          finish,
          progress,
        }
      : undefined,
  };
}

async function downgradeOf(migration: Migration): Promise<Program> {
  const { downgrade } = await loadProgram(migration);
  if (downgrade !== undefined) return downgrade;
  throw new TidemarkError(
    'no-down',
    `${migration.file} cannot be taken down: it exports no function "downgrade"`,
    {
      exitCode: 4,
      location: { file: migration.path, line: 1 },
      hints: ['Add one and run "tidemark migrate hash", or undo it with a new migration.'],
      details: { revision: migration.version },
    },
  );
}

/** To run nothing and call it taken down would leave a database that its history says nothing of. */
function emptyDown(row: AppliedRevision, down: { readonly path: string }): TidemarkError {
  return new TidemarkError('no-down', `${label(row)} cannot be taken down: its reverse has no statement`, {
    exitCode: 4,
    location: { file: down.path, line: 1 },
    hints: [
      'Write what takes it back and run "tidemark migrate hash", or undo it with a new migration.',
      'If there is nothing to take back, say so with a statement that does nothing: SELECT 1;',
    ],
    details: { revision: row.revision },
  });
}

/** The text kept when the migration was applied. Also for a file that lost its reverse since. */
async function downFromHistory(
  row: AppliedRevision,
  migration: Migration | undefined,
  kept: KeptText,
): Promise<MigrationDown> {
  const sql = row.hasDown ? await kept(row.revision) : undefined;
  if (sql === undefined) {
    const file = migration?.file.replace(/(?:\.up)?\.sql$/i, '.down.sql') ?? `${label(row)}.down.sql`;
    throw new TidemarkError(
      'no-down',
      `${label(row)} cannot be taken down: it has no ${file}, and none was kept in the database`,
      {
        exitCode: 4,
        hints: [`Write ${file} beside it and run "tidemark migrate hash", or undo it with a new migration.`],
        details: { revision: row.revision },
      },
    );
  }
  const path = `${label(row)}.down.sql (kept in the database)`;
  return { file: path, path, sql, checksum: '', transaction: readDirectives(sql, path, 'down').transaction };
}
