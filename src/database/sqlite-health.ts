import type { Connection } from './connection.js';

/** Rows of one table that refer to rows which are not there, by one foreign key. */
export interface Violation {
  /** The same for the same foreign key before and after a change of the table. */
  readonly key: string;
  readonly table: string;
  readonly parent: string;
  readonly rows: number;
  /** A query that shows them. */
  readonly query: string;
}

/** What `PRAGMA foreign_key_check` finds, by table and foreign key. A key without a parent table counts every row. */
export async function foreignKeyViolations(connection: Connection): Promise<Violation[]> {
  const rows = await connection.query<{ table: string; parent: string; fkid: number; n: number }>(
    `SELECT "table", parent, fkid, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  );
  const found: Violation[] = [];
  for (const { table, parent, fkid, n } of rows) {
    const columns = await connection.query<{ from: string; to: string | null }>(
      'SELECT "from", "to" FROM pragma_foreign_key_list(?1) WHERE id = ?2 ORDER BY seq',
      [table, fkid],
    );
    const referred = columns.every(({ to }) => to !== null)
      ? columns.map(({ to }) => to!)
      : await primaryKey(connection, parent);
    const from = columns.map((column) => column.from);
    found.push({
      key: `${table}(${from.join(', ')}) -> ${parent}`.toLowerCase(),
      table,
      parent,
      rows: n,
      query: orphanQuery({ table, from, parent, referred }, await exists(connection, parent)),
    });
  }
  return found;
}

function orphanQuery(
  key: {
    readonly table: string;
    readonly from: readonly string[];
    readonly parent: string;
    readonly referred: readonly string[];
  },
  parentExists: boolean,
): string {
  const given = key.from.map((column) => `c.${quoted(column)} IS NOT NULL`).join(' AND ');
  const start = `SELECT * FROM ${quoted(key.table)} AS c WHERE ${given}`;
  if (!parentExists || key.referred.length === 0) return start;
  const pairs = key.from.map((column, at) => `p.${quoted(key.referred[at]!)} = c.${quoted(column)}`);
  return `${start} AND NOT EXISTS (SELECT 1 FROM ${quoted(key.parent)} AS p WHERE ${pairs.join(' AND ')})`;
}

/** The columns of a table's primary key, in its order; none where the table has none. */
export async function primaryKey(connection: Connection, table: string): Promise<string[]> {
  const rows = await connection.query<{ name: string }>(
    'SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk',
    [table],
  );
  return rows.map((row) => row.name);
}

async function exists(connection: Connection, table: string): Promise<boolean> {
  const rows = await connection.query(
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
    [table],
  );
  return rows.length > 0;
}

/** A view or trigger that the engine cannot compile. */
export interface BrokenObject {
  readonly type: 'view' | 'trigger';
  readonly name: string;
  readonly message: string;
}

/**
 * Compiles every view and every trigger once: a schema can hold broken ones, and `integrity_check` says
 * nothing of them. `after` is a rowid of sqlite_schema: only what was created later is looked at. EXPLAIN compiles a statement with the triggers that it would fire, and runs nothing.
 */
export async function brokenObjects(connection: Connection, after = 0): Promise<BrokenObject[]> {
  const objects = await connection.query<{
    type: 'view' | 'trigger';
    name: string;
    tbl_name: string;
    sql: string;
  }>(
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') AND rowid > ?1 ORDER BY type DESC, name",
    [after],
  );
  const broken: BrokenObject[] = [];
  for (const { type, name, tbl_name: table, sql } of objects) {
    const probe =
      type === 'view' ? `SELECT * FROM ${quoted(name)} LIMIT 0` : await firing(connection, table, sql);
    try {
      await connection.query(`EXPLAIN ${probe}`);
    } catch (error) {
      broken.push({ type, name, message: (error as Error).message });
    }
  }
  return broken;
}

const GAP = String.raw`(?:\s|--[^\n]*\n|/\*[^]*?\*/)+`;
const EVENT = new RegExp(`(?:^|${GAP})(insert|delete|update)(?:${GAP}of${GAP}[^]*?)?${GAP}on${GAP}`, 'i');

/** A statement of the kind that fires a trigger. */
async function firing(connection: Connection, table: string, sql: string): Promise<string> {
  const name = quoted(table);
  const event = EVENT.exec(sql)?.[1]?.toLowerCase();
  if (event === 'insert') return `INSERT INTO ${name} DEFAULT VALUES`;
  if (event === 'delete') return `DELETE FROM ${name}`;
  // All columns that can be set, so that UPDATE OF fires whatever it names.
  const columns = await connection.query<{ name: string }>(
    'SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY cid',
    [table],
  );
  return `UPDATE ${name} SET ${columns.map((column) => `${quoted(column.name)} = NULL`).join(', ')}`;
}

/** Tables that alembic's batch mode leaves when it is interrupted: one may hold the only copy of a table's rows. */
export async function leftoverTables(connection: Connection): Promise<string[]> {
  const rows = await connection.query<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '\\_alembic\\_tmp\\_%' ESCAPE '\\' ORDER BY name",
  );
  return rows.map((row) => row.name);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
