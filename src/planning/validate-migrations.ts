import { graphOf, migrationsInOrder } from '../migrations/compare-history.js';
import type { Directives } from '../migrations/directives.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { unlabelledHeads } from '../migrations/graph/branches.js';
import { requireListed } from '../migrations/require-listed.js';
import { readScript, type Script } from '../migrations/script.js';
import type { Dialect } from '../schema/dialect.js';
import { downScript, upScript } from './migration-scripts.js';
import { replay } from './replay.js';
import type { Workbench } from './workbench.js';

/** What was found right. Plain data: what `--json` prints. */
export interface Validation {
  readonly migrations: number;
  readonly statements: number;
  /** Null where there is none, or several. */
  readonly head: string | null;
  readonly heads: readonly string[];
  /** Two or more heads that no branch label tells apart, which is most likely an accident; else empty. */
  readonly severalHeads: readonly string[];
  /** Revisions that cannot be taken down. */
  readonly withoutDown: readonly string[];
  readonly replayed: boolean;
}

/**
 * Checks a whole folder without a database: sums, order, directives, syntax, programs. With a workbench it is
 * also run on the dev database, up and down. Throws TidemarkError for the first thing that is wrong:
 * `sum-missing`, `sum-mismatch`, `migration-invalid`, and what building the graph, splitting a script and `replay`
 * throw. That there are several heads is no error.
 */
export async function validateMigrations(
  folder: MigrationFolder,
  dialect: Dialect,
  bench?: Workbench,
): Promise<Validation> {
  requireListed(folder);
  const graph = graphOf(folder);
  const { heads } = graph;
  const unlabelled = unlabelledHeads(graph);
  let statements = 0;
  const withoutDown: string[] = [];
  for (const migration of folder.migrations) {
    if (!(await downScript(migration))) withoutDown.push(migration.version);
    if (migration.language === 'program') {
      await upScript(migration).program?.();
      continue;
    }
    const { up, path, directives, down } = migration;
    statements += (await readAsRun(dialect, up, path, directives.transaction)).statements.length;
    if (down) await readAsRun(dialect, down.sql, down.path, down.transaction);
  }
  if (bench !== undefined) await replay(bench, migrationsInOrder(folder));
  return {
    migrations: folder.migrations.length,
    statements,
    head: heads.length === 1 ? (heads[0] ?? null) : null,
    heads,
    severalHeads: unlabelled.length > 1 ? unlabelled : [],
    withoutDown,
    replayed: bench !== undefined,
  };
}

/** Reads a script as the runner does. Which statements may commit decides only how it would be run. */
function readAsRun(
  dialect: Dialect,
  sql: string,
  path: string,
  transaction: Directives['transaction'],
): Promise<Script> {
  return readScript(dialect, sql, path, transaction, () => false);
}
