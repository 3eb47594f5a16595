import type { Connection, Row } from '../../database/connection.js';
import { renderTable } from '../render/table.js';

const help = `\\d         tables, views and sequences
\\d NAME    the columns and indexes of one
\\dt        tables
\\dn        schemas
\\dx        extensions
\\q         leave`;

/** Answers one of the few psql commands that the small prompt knows; undefined for \\q. */
export async function runMetaCommand(connection: Connection, line: string): Promise<string | undefined> {
  const [, command = '', argument = ''] = /^\\(\S*)\s*(.*?)[\s;]*$/.exec(line) ?? [];
  if (command === 'q') return undefined;
  if (command === '?' || command === 'h') return help;
  if (command === 'd' && argument) return describeRelation(connection, argument);
  const query = (connection.engine === 'sqlite' ? sqliteListings : listings)[command];
  if (query === undefined || argument) return `unknown command ${line.trim()}; \\? lists what there is`;
  return renderTable(await connection.query<Row>(query));
}

const relations = (kinds: string) => `
  SELECT n.nspname::text AS schema, c.relname::text AS name,
    CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table'
      WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'sequence' END AS kind,
    pg_get_userbyid(c.relowner)::text AS owner
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN (${kinds}) AND left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'
  ORDER BY 1, 2`;

const listings: Readonly<Record<string, string | undefined>> = {
  d: relations("'r', 'p', 'f', 'v', 'm', 'S'"),
  dt: relations("'r', 'p', 'f'"),
  dv: relations("'v', 'm'"),
  dn: `SELECT nspname::text AS schema, pg_get_userbyid(nspowner)::text AS owner FROM pg_namespace
    WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema' ORDER BY 1`,
  dx: `SELECT e.extname::text AS name, e.extversion AS version, n.nspname::text AS schema
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY 1`,
};

const sqliteObjects = (types: string) =>
  `SELECT type, name, tbl_name AS "table" FROM sqlite_schema WHERE type IN (${types}) AND name NOT LIKE 'sqlite_%' ORDER BY 1, 2`;

const sqliteListings: Readonly<Record<string, string | undefined>> = {
  d: sqliteObjects("'table', 'view'"),
  dt: sqliteObjects("'table'"),
  dv: sqliteObjects("'view'"),
  di: sqliteObjects("'index'"),
};

async function describeSqlite(connection: Connection, name: string): Promise<string> {
  const rows = await connection.query<{ sql: string }>(
    'SELECT sql FROM sqlite_schema WHERE (name = ?1 OR tbl_name = ?1) COLLATE NOCASE AND sql IS NOT NULL ORDER BY type DESC, name',
    [name],
  );
  if (rows.length === 0) return `there is no table or view ${name}`;
  return rows.map(({ sql }) => `${sql};`).join('\n');
}

async function describeRelation(connection: Connection, name: string): Promise<string> {
  if (connection.engine === 'sqlite') return describeSqlite(connection, name);
  const columns = await connection.query<Row>(
    `SELECT a.attname::text AS "column", format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attnotnull THEN 'not null' ELSE '' END AS nullable,
       coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS "default"
     FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [name],
  );
  if (columns.length === 0) return `there is no table, view or sequence ${name}`;
  const indexes = await connection.query<{ definition: string }>(
    'SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = to_regclass($1) ORDER BY 1',
    [name],
  );
  return [renderTable(columns), ...indexes.map(({ definition }) => `  ${definition}`)].join('\n');
}
