import { createHash } from 'node:crypto';
import type { Connection } from '../../database/connection.js';
import type { PostgresUrl } from '../../database/database-url.js';
import { resolveEndpoint } from '../../database/libpq-environment.js';
import { connectForMaintenance } from '../../database/server-dev-database.js';
import { TidemarkError } from '../../errors.js';
import { aborted, pause } from '../../migrations/abort.js';
import { requireOwnSession } from '../../migrations/postgres-lock.js';
import { recoverRestores } from './swap-recover.js';

/** First half of the lock's key; the other is of the database's name. */
const LOCK_CLASS = 0x7469_7273;
const POLL_MS = 100;

export interface SwapSessionOptions {
  readonly lockTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A session beside the database that is restored, which it can therefore rename. */
export interface SwapSession {
  readonly connection: Connection;
  /** The name of the live database. */
  readonly database: string;
  /** What restores that were killed had left, and what became of it, as sentences. */
  readonly recovered: readonly string[];
}

/**
 * Works on a database's name from a session with another database of the server, alone: a second restore waits, and
 * what a killed one left is put right first. Throws TidemarkError: `locked` (exit code 4), `restore-refused`.
 */
export async function withSwapSession<T>(
  url: PostgresUrl,
  { lockTimeoutMs, signal }: SwapSessionOptions,
  work: (session: SwapSession) => Promise<T>,
): Promise<T> {
  const { database } = await resolveEndpoint(url);
  const connection = await openMaintenance(url, database);
  try {
    await lockName(connection, database, lockTimeoutMs, signal);
    await connection.executeAll([`SET lock_timeout = ${Math.max(1, Math.floor(lockTimeoutMs))}`]);
    const recovered = await recoverRestores(connection, database);
    return await work({ connection, database, recovered });
  } finally {
    // The lock ends with the session.
    await connection.close().catch(() => {});
  }
}

/** A session with a database that every server has. Throws `restore-refused` where that is the one to be renamed. */
export async function openMaintenance(url: PostgresUrl, database: string): Promise<Connection> {
  const connection = await connectForMaintenance(url);
  try {
    await requireOwnSession(connection);
    await connection.executeAll([
      'SET statement_timeout = 0',
      'SET idle_in_transaction_session_timeout = 0',
      'SET default_transaction_read_only = off',
      "SET application_name = 'tidemark restore'",
      ...(connection.versionNumber >= 140_000 ? ['SET idle_session_timeout = 0'] : []),
      // Where commits may be lost in a crash, those that say how far a swap came must not be.
      `SELECT pg_catalog.set_config('synchronous_commit', 'on', false)
       WHERE pg_catalog.current_setting('synchronous_commit') = 'off'`,
    ]);
    const [row] = await connection.query<{ name: string }>(
      'SELECT pg_catalog.current_database()::text AS name',
    );
    if (row?.name !== database) return connection;
  } catch (error) {
    await connection.close().catch(() => {});
    throw error;
  }
  await connection.close();
  throw new TidemarkError(
    'restore-refused',
    `there is no other database on the server from which "${database}" could be renamed`,
    {
      exitCode: 4,
      hints: [
        'Let the role connect to the database "postgres".',
        'Or restore in place, in one transaction, with --in-place.',
      ],
    },
  );
}

async function lockName(
  connection: Connection,
  database: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = createHash('sha256').update(database).digest().readInt32BE(0);
  const started = Date.now();
  for (;;) {
    const [row] = await connection.query<{ taken: boolean }>(
      'SELECT pg_catalog.pg_try_advisory_lock($1::int4, $2::int4) AS taken',
      [LOCK_CLASS, key],
    );
    if (row?.taken) return;
    if (Date.now() - started >= timeoutMs) break;
    await pause(POLL_MS, signal);
    if (signal?.aborted) throw aborted(signal);
  }
  const [holder] = await connection.query<{ pid: number }>(
    `SELECT pid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
       AND classid = $1::int8::oid AND objid = ($2::int8 & 4294967295)::oid
       AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`,
    [LOCK_CLASS, key],
  );
  throw new TidemarkError('locked', `another restore of "${database}" is at work`, {
    exitCode: 4,
    hints: [
      holder === undefined
        ? 'It ended just now: try again.'
        : `Its session is server process ${holder.pid}. Wait for it to end, or allow more time with --lock-timeout.`,
    ],
  });
}
