import type { Connection } from '../database/connection.js';
import { type BookkeepingTable, findBookkeeping } from './bookkeeping-table.js';

/** Where a tool's configuration says its table is. */
export interface ConfiguredTable {
  /** Undefined: the search path decides. SQLite has none. */
  readonly schema: string | undefined;
  readonly name: string;
}

/**
 * Finds a tool's table where the project's own configuration puts it. Throws what `findBookkeeping` throws, when
 * the configuration names no schema.
 */
export async function findConfigured(
  connection: Connection,
  { schema, name }: ConfiguredTable,
  columns: readonly string[],
): Promise<BookkeepingTable | undefined> {
  if (schema === undefined || connection.engine === 'sqlite') {
    return findBookkeeping(connection, name, columns);
  }
  const rows = await connection.query<{ name: string }>(
    `SELECT a.attname AS name
       FROM pg_catalog.pg_attribute a
       JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
        AND a.attnum > 0 AND NOT a.attisdropped`,
    [schema, name],
  );
  const found = new Set(rows.map((row) => row.name));
  if (!columns.every((column) => found.has(column))) return undefined;
  const path = [schema, name];
  return {
    label: path.join('.'),
    sql: path.map((part) => `"${part.replaceAll('"', '""')}"`).join('.'),
    columns: found,
  };
}
