import type { Connection } from '../database/connection.js';
import { quoteName } from './names.js';

/** What a reset drops. */
export interface SqliteResetPlan {
  readonly drops: readonly { readonly kind: string; readonly name: string; readonly sql: string }[];
}

/** Finds what `resetSqlite` would drop: everything, Tidemark's history too. Changes nothing. */
export async function planSqliteReset(connection: Connection): Promise<SqliteResetPlan> {
  const rows = await connection.query<{ type: string; name: string; virtual: number }>(
    `SELECT type, name, coalesce(sql LIKE 'CREATE VIRTUAL TABLE%', 0) AS virtual FROM sqlite_schema
      WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')
      ORDER BY type = 'table', virtual DESC, name`,
  );
  // Indexes and triggers go with their tables, shadow tables with the virtual table they belong to.
  return {
    drops: rows.map(({ type, name }) => ({
      kind: type,
      name,
      sql: `DROP ${type.toUpperCase()} IF EXISTS ${quoteName(name)}`,
    })),
  };
}

/** Drops everything in one transaction, then gives the space back. Throws DatabaseError; then nothing was done. */
export async function resetSqlite(connection: Connection): Promise<SqliteResetPlan> {
  await connection.executeAll(['PRAGMA foreign_keys = OFF', 'BEGIN IMMEDIATE']);
  try {
    const plan = await planSqliteReset(connection);
    await connection.executeAll([...plan.drops.map(({ sql }) => sql), 'COMMIT']);
    await connection.executeAll(['VACUUM']);
    return plan;
  } catch (error) {
    await connection.executeAll(['ROLLBACK']);
    throw error;
  } finally {
    await connection.executeAll(['PRAGMA foreign_keys = ON']);
  }
}
