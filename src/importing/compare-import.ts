import type { Connection } from '../database/connection.js';
import type { DatabaseUrl } from '../database/database-url.js';
import { planBetween } from '../planning/plan-between.js';
import type { StateSource } from '../planning/state-source.js';
import type { Workbench } from '../planning/workbench.js';
import type { ImportedRevision, ImportTool } from './imported-project.js';

/** What a tool keeps beside its table, which `{table}` stands for. */
const COMPANIONS: Partial<Record<ImportTool, readonly string[]>> = {
  'liquibase-sql': ['databasechangeloglock', 'DATABASECHANGELOGLOCK'],
  knex: ['{table}_lock'],
};

/** Schemas that a tool makes for its table alone. */
const OWN_SCHEMAS = new Set(['drizzle', 'atlas_schema_revisions', 'knex', 'pgmigrations']);

/**
 * Patterns, as in the configuration's `exclude`, for what a tool keeps its books in: it is no part of the schema. On
 * SQLite, which does not mind case, names are known in small letters.
 */
export function bookkeepingPatterns(tool: ImportTool, table: string): string[] {
  const [schema] = table.includes('.') ? table.split('.') : [];
  return [
    ...new Set([table, table.toLowerCase()]),
    ...(schema !== undefined && OWN_SCHEMAS.has(schema) ? [schema] : []),
    ...(COMPANIONS[tool] ?? []).map((name) => name.replace('{table}', () => table)),
  ];
}

/**
 * What the live database has otherwise than the applied revisions make it, a line each: what would have to be done
 * to the revisions' result to come to the database. Throws what building them on the dev database throws.
 *
 * @param bench with the tool's tables among its excluded objects
 */
export async function compareImport(
  bench: Workbench,
  revisions: readonly ImportedRevision[],
  applied: ReadonlySet<string>,
  url: DatabaseUrl,
  open: (url: DatabaseUrl) => Promise<Connection>,
): Promise<string[]> {
  const files = revisions
    .filter(({ id }) => applied.has(id))
    .map(({ source, up }) => ({ name: source, sql: up }));
  const history: StateSource =
    files.length === 0
      ? { type: 'empty', label: 'nothing' }
      : { type: 'scripts', label: 'the import', files };
  const live: StateSource = { type: 'database', label: 'the database', url };
  const plan = await planBetween(bench, history, live, { open, prove: false });
  return plan.up.steps.map(({ summary }) => summary);
}
