import { TidemarkError } from '../errors.js';
import type { MigrationFolder } from './folder.js';
import { ancestorsOf, descendantsOf, tipsOf } from './graph/reach.js';
import { buildGraph, needsOf, type RevisionGraph, type RevisionInput } from './graph/revision-graph.js';
import type { Target } from './graph/target.js';
import type { AppliedRevision, History } from './history.js';
import { historyDamaged } from './history-errors.js';
import type { Migration } from './migration-file.js';
import { SQUASHED_FOLDER } from './squashes.js';
import { namedOriginals, type TornSquash, unfoldSquashes } from './unfold-squashes.js';

/** What folder and database say about one another. A squash and its originals: those that hold for this database. */
export interface HistoryComparison {
  /** Of the files, and of recorded originals of a squash whose files are gone. */
  readonly files: RevisionGraph;
  /** Of the files and of what the database has without one. */
  readonly graph: RevisionGraph;
  readonly migrations: ReadonlyMap<string, Migration>;
  readonly recorded: ReadonlyMap<string, AppliedRevision>;
  /** Finished. */
  readonly applied: ReadonlySet<string>;
  /** Files that are not in the database, in order. */
  readonly pending: readonly string[];
  /** Begun outside a transaction and not finished. */
  readonly unfinished: readonly AppliedRevision[];
  /** Finished, and the file has another checksum than the one that ran. */
  readonly edited: readonly string[];
  /** In the database, without a file, and no squash that replaces it. */
  readonly missing: readonly string[];
  /** Those of `missing` on which no file follows: the database is ahead of the folder. */
  readonly ahead: readonly string[];
  /** Those of `pending` on which a revision in the database follows already. */
  readonly outOfOrder: readonly string[];
  /** Not recorded, though a row says that its revision came after them. */
  readonly lost: readonly LostRevision[];
  /** Squashes of which the database has a part and the files of the rest are gone. */
  readonly torn: readonly TornSquash[];
}

/** See `HistoryComparison.lost`. */
export interface LostRevision {
  readonly revision: string;
  /** The recorded one that names it. */
  readonly follower: string;
}

/** The graph of a folder's migrations, as a new database gets them. Throws like `buildGraph`. */
export function graphOf(folder: MigrationFolder): RevisionGraph {
  return buildGraph(unfoldSquashes(folder).inputs);
}

/** A folder's migrations in the order in which they run: by the graph, where file order says otherwise. */
export function migrationsInOrder(folder: MigrationFolder): Migration[] {
  const files = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  return graphOf(folder).order.map((revision) => files.get(revision.id)!);
}

/**
 * Compares a folder with a database's history. Pure; throws only what is wrong with the graph.
 *
 * @param targets where somebody wants to go: an original of a squash that one of them names holds in its place
 */
export function compareHistory(
  folder: MigrationFolder,
  history: History,
  targets: readonly (Target | undefined)[] = [],
): HistoryComparison {
  const unfolded = unfoldSquashes(folder, history.revisions, namedOriginals(folder, targets));
  const files = buildGraph(unfolded.inputs);
  const migrations = new Map(unfolded.migrations.map((migration) => [migration.version, migration]));
  const recorded = new Map(history.revisions.map((row) => [row.revision, row]));
  const missing = history.revisions.filter((row) => !files.byId.has(row.revision));
  const isMissing = (id: string): boolean => recorded.has(id) && !files.byId.has(id);
  const known = (id: string): boolean => files.byId.has(id) || files.aliases.has(id) || recorded.has(id);
  const graph =
    missing.length === 0
      ? files
      : graphWithHistory([
          // What ran between two files keeps its place, though the second file now follows the first.
          ...files.order.map((revision) => ({
            ...revision,
            parents: [...revision.parents, ...(recorded.get(revision.id)?.parents.filter(isMissing) ?? [])],
          })),
          ...missing.map((row) => ({
            id: row.revision,
            name: row.name,
            parents: row.parents.filter(known),
            dependsOn: row.dependsOn.filter(known),
          })),
        ]);
  const applied = new Set(
    history.revisions.filter((row) => row.state === 'applied').map((row) => row.revision),
  );
  const pending = files.order.filter((revision) => !recorded.has(revision.id)).map((revision) => revision.id);
  const needed =
    pending.length === 0
      ? new Set<string>()
      : ancestorsOf(
          files,
          [...recorded.keys()].filter((id) => files.byId.has(id)),
        );
  // What a file needs, directly or not, is not ahead of the folder.
  const behind = missing.length === 0 ? new Set<string>() : ancestorsOf(graph, files.byId.keys());
  return {
    files,
    graph,
    migrations,
    recorded,
    applied,
    pending,
    unfinished: history.revisions.filter((row) => row.state !== 'applied'),
    edited: [...applied].filter((id) => {
      const migration = migrations.get(id);
      return migration !== undefined && migration.checksum !== recorded.get(id)!.checksum;
    }),
    missing: missing.map((row) => row.revision),
    ahead: missing.map((row) => row.revision).filter((id) => !behind.has(id)),
    outOfOrder: pending.filter((id) => needed.has(id)),
    lost: lostRevisions(history, files, missing),
    torn: unfolded.torn,
  };
}

/**
 * A revision is recorded after what it needs, and goes before it. What a squash was made of has gone together; of
 * that, only what follows it in the files still speaks.
 */
function lostRevisions(
  { revisions }: History,
  files: RevisionGraph,
  missing: readonly AppliedRevision[],
): LostRevision[] {
  const recorded = new Set(revisions.map((row) => row.revision));
  const unknown = new Set(missing.map((row) => row.revision));
  const lost: LostRevision[] = [];
  for (const row of revisions) {
    // Other tools apply a file that came late after the one that follows it.
    if (row.origin === 'import') continue;
    for (const id of needsOf(row)) {
      if (recorded.has(id) || files.aliases.has(id)) continue;
      if (files.byId.has(id) || unknown.has(row.revision))
        lost.push({ revision: id, follower: row.revision });
    }
  }
  return lost;
}

/** Throws TidemarkError (`history-damaged`) when rows are gone that others need. */
function requireWhole({ lost }: HistoryComparison): void {
  if (lost.length === 0) return;
  const named = lost.map(({ revision, follower }) => `${revision}, after which ${follower} came`).join('; ');
  throw historyDamaged(`it does not record ${named}`);
}

/**
 * Throws TidemarkError unless the database can be taken up from where it is: `history-edited`, `history-damaged`,
 * `history-missing`, `history-ahead`, `history-unfinished`, `out-of-order` (exit code 4).
 */
export function requireUpgradable(comparison: HistoryComparison, outOfOrder: boolean): void {
  requireUnedited(comparison);
  for (const torn of comparison.torn) throw squashTorn(torn);
  requireWhole(comparison);
  requireKnown(comparison);
  const { migrations, unfinished } = comparison;
  const reverting = unfinished.find((row) => row.state === 'reverting');
  if (reverting !== undefined) {
    throw new TidemarkError(
      'history-unfinished',
      `${label(reverting)} is half taken down: ${reverting.statementsDone} of ${reverting.statementsTotal} statements`,
      { hints: ['Finish it with "tidemark migrate down".', ...because(reverting)] },
    );
  }
  if (comparison.outOfOrder.length > 0 && !outOfOrder) {
    const files = comparison.outOfOrder.map((id) => migrations.get(id)!.file);
    throw new TidemarkError(
      'out-of-order',
      `${files.join(', ')} ${files.length === 1 ? 'comes' : 'come'} before migrations that are applied already`,
      {
        exitCode: 4,
        hints: [
          'If nothing depends on the order, run it now with --out-of-order.',
          'Otherwise move it behind them: "tidemark migrate rebase" proves it there.',
        ],
        details: { outOfOrder: comparison.outOfOrder },
      },
    );
  }
}

/** Throws TidemarkError (`history-ahead`, `history-missing`) when the database has revisions without a file. */
export function requireKnown(comparison: HistoryComparison): void {
  const { missing, ahead, recorded } = comparison;
  if (missing.length === 0) return;
  const named = missing.map((id) => label(recorded.get(id)!)).join(', ');
  const all = missing.length === ahead.length;
  throw new TidemarkError(
    all ? 'history-ahead' : 'history-missing',
    all
      ? `the database is ahead of the folder, which has no file for ${named}`
      : `applied migrations have no file any more: ${named}`,
    {
      hints: [
        'Likely causes: another branch is checked out here, the files were deleted or renamed, or this is the database of other migrations.',
        'Bring the files back from version control, or update your checkout;',
        `or take them down, with the text that the database keeps: ${waysDown(comparison)};`,
        'or, if the database is in truth at a revision that you have, write its history anew: "tidemark migrate stamp --purge REVISION".',
      ],
      details: { missing },
    },
  );
}

/** The commands that take down what has no file, and nothing that need not go with it. */
function waysDown({ graph, missing, recorded }: HistoryComparison): string {
  const gone = descendantsOf(graph, missing);
  const [stays, ...others] = tipsOf(graph, new Set([...recorded.keys()].filter((id) => !gone.has(id))));
  const targets =
    stays === undefined
      ? ['base']
      : others.length === 0 && !/^\d{1,3}$/.test(stays)
        ? [stays]
        : missing
            .map((id) => graph.byId.get(id)!)
            .filter((revision) => !needsOf(revision).some((id) => gone.has(id)))
            // The first is the branch: what else follows its parent stays.
            .map(({ id, parents }) => `${id}@${parents[0] ?? 'base'}`);
  return targets.map((target) => `"tidemark migrate down ${target}"`).join(', ');
}

/**
 * Throws TidemarkError when nothing can be taken down: `history-damaged`; `history-unfinished` when a migration is half
 * applied, because its reverse expects all of it.
 */
export function requireRevertible(comparison: HistoryComparison): void {
  requireWhole(comparison);
  const half = comparison.unfinished.find((row) => row.state === 'applying');
  if (half === undefined) return;
  throw new TidemarkError(
    'history-unfinished',
    `${label(half)} is half applied: ${half.statementsDone} of ${half.statementsTotal} statements`,
    { hints: ['Finish it with "tidemark migrate up", then take it down.', ...because(half)] },
  );
}

function requireUnedited({ edited, migrations, recorded }: HistoryComparison): void {
  if (edited.length === 0) return;
  const files = edited.map((id) => migrations.get(id)!.path);
  throw new TidemarkError(
    'history-edited',
    `edited after ${files.length === 1 ? 'it was' : 'they were'} applied: ${files.join(', ')}`,
    {
      location: { file: files[0]!, line: 1 },
      hints: [
        'Bring the text back that ran, from version control; put the change into a new migration.',
        'If this database may lose it, take it down and up again.',
        'If what the file does has not changed, write the history anew: "tidemark migrate stamp --purge REVISION".',
      ],
      details: {
        edited: edited.map((id) => ({
          revision: id,
          applied: recorded.get(id)!.checksum,
          file: migrations.get(id)!.checksum,
        })),
      },
    },
  );
}

/** What is wrong when a database is in the middle of a squash whose originals are gone, in words. */
export function describeTorn({ squash, recorded, lacking }: TornSquash): string {
  return `the database has ${recorded.join(', ')} of what ${squash.file} was made of, and the files of the rest are gone: ${lacking.join(', ')}`;
}

function squashTorn(torn: TornSquash): TidemarkError {
  return new TidemarkError('squash-torn', describeTorn(torn), {
    hints: [
      `Bring ${torn.lacking.length === 1 ? 'that file' : 'those files'} back into "${SQUASHED_FOLDER}" from version control, run "tidemark migrate hash", then "tidemark migrate up";`,
      'or take the recorded ones down with "tidemark migrate down": the database keeps the text for it, and the squash runs then.',
    ],
    details: { squash: torn.squash.version, recorded: torn.recorded, lacking: torn.lacking },
  });
}

function because(row: AppliedRevision): string[] {
  return row.error === undefined ? [] : [`It stopped because of: ${row.error}`];
}

/** A circle can only come from the rows: the files were a graph before. */
function graphWithHistory(inputs: readonly RevisionInput[]): RevisionGraph {
  try {
    return buildGraph(inputs);
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    throw historyDamaged(error.message, error);
  }
}

/** How messages call a revision. */
export function label(row: { readonly revision: string; readonly name: string }): string {
  return row.name === '' ? row.revision : `${row.revision}_${row.name}`;
}
