import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';

/** A bookkeeping table that is there. */
export interface BookkeepingTable {
  /** As people write it: `public.schema_migrations`. */
  readonly label: string;
  /** Quoted, for SQL. */
  readonly sql: string;
  readonly columns: ReadonlySet<string>;
}

interface Found {
  readonly schema: string | null;
  readonly name: string;
  readonly on_path: boolean;
  readonly columns: string;
}

const POSTGRES = `
  SELECT n.nspname AS schema, c.relname AS name,
         n.nspname = ANY (pg_catalog.current_schemas(false)) AS on_path,
         (SELECT pg_catalog.json_agg(a.attname)::text FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_'
   ORDER BY pg_catalog.array_position(pg_catalog.current_schemas(false), n.nspname), n.nspname`;

const SQLITE = `
  SELECT NULL AS schema, name, 1 AS on_path,
         (SELECT json_group_array(c.name) FROM pragma_table_info(t.name) c) AS columns
    FROM sqlite_schema t WHERE type = 'table' AND name = ?1`;

/**
 * Finds a tool's table by its name: in the search path first, else in whatever schema has one. A table of that
 * name without the columns, or with one of `never`, belongs to somebody else and is not taken. Throws
 * TidemarkError (`import-table-ambiguous`, exit code 4) when several schemas outside the search path have it.
 */
export async function findBookkeeping(
  connection: Connection,
  name: string,
  columns: readonly string[],
  never: readonly string[] = [],
): Promise<BookkeepingTable | undefined> {
  const rows = await connection.query<Found>(connection.engine === 'sqlite' ? SQLITE : POSTGRES, [name]);
  const fitting = rows
    .map((row) => ({ ...row, columns: new Set(JSON.parse(row.columns) as string[]) }))
    .filter((row) => columns.every((column) => row.columns.has(column)))
    .filter((row) => !never.some((column) => row.columns.has(column)));
  const [first] = fitting;
  if (first === undefined) return undefined;
  if (!first.on_path && fitting.length > 1) {
    throw new TidemarkError(
      'import-table-ambiguous',
      `several schemas have a table ${name}: ${fitting.map(({ schema }) => schema).join(', ')}`,
      {
        exitCode: 4,
        hints: ['Say which one is meant: put options=-csearch_path%3DSCHEMA into the URL.'],
      },
    );
  }
  const path = first.schema === null ? [first.name] : [first.schema, first.name];
  return { label: path.join('.'), sql: path.map(quoteName).join('.'), columns: first.columns };
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A boolean as either engine gives it. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === 1n || /^(?:t|true|1)$/i.test(String(value));
}
