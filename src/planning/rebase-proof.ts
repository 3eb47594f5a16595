import { TidemarkError } from '../errors.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { ancestorsOf } from '../migrations/graph/reach.js';
import type { RevisionGraph } from '../migrations/graph/revision-graph.js';
import type { Migration } from '../migrations/migration-file.js';
import { type RefusedMigration, rehearse } from './rehearse.js';
import type { Workbench } from './workbench.js';

/** What the proof of a rebase showed. */
export interface RebaseProof {
  /** New ids of those without a way down. */
  readonly withoutDown: readonly string[];
  /** New ids of those whose reverse did not lead back where they were either. */
  readonly notLeadingBack: readonly string[];
}

/**
 * Runs the files as they are on top of what they are to follow, up and down: only their names and directives change.
 * Throws TidemarkError (`rebase-conflict`) with the statement that fails there, or with what a reverse leaves.
 *
 * @param ids the new ids by the old ones
 */
export async function proveRebase(
  bench: Workbench,
  folder: MigrationFolder,
  graph: RevisionGraph,
  moved: readonly Migration[],
  onto: string | undefined,
  ids: ReadonlyMap<string, string>,
): Promise<RebaseProof> {
  const own = new Set(moved.map(({ version }) => version));
  const files = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  const needs = moved.flatMap(({ version }) => {
    const { parents = [], dependsOn = [] } = graph.byId.get(version) ?? {};
    return onto === undefined ? dependsOn : [...parents, ...dependsOn];
  });
  const pick = (wanted: ReadonlySet<string>): Migration[] =>
    graph.order.flatMap(({ id }) => (wanted.has(id) && !own.has(id) ? (files.get(id) ?? []) : []));
  const ground = pick(ancestorsOf(graph, [...(onto === undefined ? [] : [onto]), ...needs]));
  const { downs } = await rehearse(bench, ground, moved, conflictOf);
  const idOf = ({ version }: Migration): string => ids.get(version) ?? version;
  const withoutDown = downs
    .filter(({ outcome }) => outcome === 'none')
    .map(({ migration }) => idOf(migration));
  const astray = downs.find(({ outcome }) => outcome === 'different');
  if (astray === undefined) return { withoutDown, notLeadingBack: [] };
  const before = pick(ancestorsOf(graph, own));
  const where = await rehearse(bench, before, moved, conflictOf).then(
    (rehearsal) => rehearsal.downs,
    () => [],
  );
  const ownFault = where.some(
    ({ migration, outcome }) => migration === astray.migration && outcome === 'different',
  );
  if (ownFault) return { withoutDown, notLeadingBack: [idOf(astray.migration)] };
  const path = astray.migration.down?.path ?? astray.migration.path;
  throw new TidemarkError(
    'rebase-conflict',
    `${path} would not lead back any more: it brings back what was there before ${astray.migration.file}, and not what came in since`,
    {
      location: { file: path, line: 1 },
      excerpt: astray.differences.join('\n'),
      hints: [
        'Nothing was written. The lines above say what is still to be done to get back: mend the file, run "tidemark migrate hash", and rebase again;',
        'or delete the migration and its reverse, and generate it anew with "tidemark migrate diff".',
      ],
      details: { revision: astray.migration.version, direction: 'down', differences: astray.differences },
    },
  );
}

function conflictOf({ migration, direction, error }: RefusedMigration): TidemarkError {
  const way = direction === 'up' ? 'fails' : 'cannot be taken down';
  return new TidemarkError(
    'rebase-conflict',
    `${migration.file} ${way} after what it is to follow: ${error.message}`,
    {
      ...(error.location === undefined ? {} : { location: error.location }),
      ...(error.excerpt === undefined ? {} : { excerpt: error.excerpt }),
      hints: ['Nothing was written. Mend the file, run "tidemark migrate hash", and rebase again.'],
      details: { revision: migration.version, direction },
      cause: error.cause,
    },
  );
}
