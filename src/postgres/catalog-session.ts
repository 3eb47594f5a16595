import type { Connection } from '../database/connection.js';

/**
 * What the server's deparsed text depends on, so that every server and session writes the same. `public` on
 * the search path leaves the names of its objects bare.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'public',
  quote_all_identifiers: 'off',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  jit: 'off',
};

/** A setting nobody else has: whether it outlives a statement tells whether a transaction is open. */
const PROBE = 'tidemark.reading';

/**
 * Runs `read` in one snapshot with fixed settings. A transaction that is already open is used as it is, with
 * its own isolation level and its uncommitted changes; otherwise one is opened, READ ONLY, and closed.
 * Either way the session's settings are afterwards what they were.
 */
export async function inCatalogSession<T>(connection: Connection, read: () => Promise<T>): Promise<T> {
  if (await isInTransaction(connection)) {
    const before = await currentSettings(connection);
    await applySettings(connection, SETTINGS);
    // After an error the transaction is lost, and its settings with it.
    const result = await read();
    await applySettings(connection, before);
    return result;
  }
  await connection.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    await applySettings(connection, SETTINGS);
    return await read();
  } finally {
    await connection.query('ROLLBACK').catch((error: unknown) => {
      if (!isConnectionLost(error)) throw error;
    });
  }
}

/** True when a transaction block is open: a local setting outlives its statement only there. */
export async function isInTransaction(connection: Connection): Promise<boolean> {
  await connection.query(`SELECT set_config('${PROBE}', 'on', true)`);
  const [row] = await connection.query<{ value: string | null }>(
    `SELECT current_setting('${PROBE}', true) AS value`,
  );
  return row?.value === 'on';
}

async function currentSettings(connection: Connection): Promise<Record<string, string>> {
  const columns = Object.keys(SETTINGS).map((name) => `current_setting('${name}') AS "${name}"`);
  const [row] = await connection.query<Record<string, string>>(`SELECT ${columns.join(', ')}`);
  return row!;
}

async function applySettings(
  connection: Connection,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const names = Object.keys(SETTINGS);
  const calls = names.map((name, index) => `set_config('${name}', $${index + 1}, true)`);
  await connection.query(
    `SELECT ${calls.join(', ')}`,
    names.map((name) => settings[name]),
  );
}

function isConnectionLost(error: unknown): boolean {
  return error instanceof Error && 'connectionLost' in error && error.connectionLost === true;
}
