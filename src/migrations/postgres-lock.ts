import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { aborted, pause } from './abort.js';
import type { LockHolder } from './history.js';
import {
  describeHolder,
  LOCK_CLASS,
  LOCK_HOLDER,
  LOCK_OBJECT,
  readLockHolder,
} from './postgres-lock-holder.js';

/** Polls start here and slow down to `SLOWEST_POLL_MS`. */
const FIRST_POLL_MS = 25;
const SLOWEST_POLL_MS = 1000;
/** A pooler may give the same session twice by chance. */
const ASKED_FOR_POOLER = 3;

const WAITING = 'aborted while waiting for another run to end; nothing was changed';

export interface LockOptions {
  /** How long to wait, in milliseconds. */
  readonly timeoutMs: number;
  /** Called once when somebody else holds it. */
  readonly onWait?: (holder: LockHolder | undefined) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes the migration lock of a database for this session and gives what releases it. It polls: a blocking
 * pg_advisory_lock holds a snapshot, for which CREATE INDEX CONCURRENTLY in the holder would wait forever.
 * The session's end releases it, so a killed runner leaves nothing behind. Throws TidemarkError (`locked`,
 * exit code 4) that says who holds it, `aborted`, and `transaction-pooler` when the server changes under us.
 */
export async function lockPostgres(
  connection: Connection,
  options: LockOptions,
): Promise<() => Promise<void>> {
  const started = Date.now();
  let delay = FIRST_POLL_MS;
  let waiting = false;
  let backend: number | undefined;
  for (;;) {
    const [row] = await connection.query<{ locked: boolean; backend: number }>(
      `SELECT pg_catalog.pg_try_advisory_lock(${LOCK_CLASS}, ${LOCK_OBJECT}) AS locked, pg_catalog.pg_backend_pid() AS backend`,
    );
    if (backend !== undefined && backend !== row!.backend) throw poolerInTheWay();
    backend = row!.backend;
    if (row!.locked) return () => release(connection, backend!);
    const left = started + options.timeoutMs - Date.now();
    if (left <= 0 || !waiting) {
      const holder = await currentHolder(connection);
      if (left <= 0) throw locked(holder, options.timeoutMs);
      options.onWait?.(holder);
      waiting = true;
    }
    // Runners that began to wait together must not go on asking together: one of them would get it each time.
    await pause(Math.min(delay * (0.5 + Math.random()), left), options.signal);
    if (options.signal?.aborted) throw aborted(options.signal, WAITING);
    delay = Math.min(delay * 1.5, SLOWEST_POLL_MS);
  }
}

/**
 * Throws TidemarkError (`transaction-pooler`) when a pooler stands between us and the server that gives every
 * transaction another session: what holds for a session would be left in one of somebody else's.
 */
export async function requireOwnSession(connection: Connection): Promise<void> {
  const seen = new Set<number>();
  for (let asked = 0; asked < ASKED_FOR_POOLER; asked++) {
    const [row] = await connection.query<{ backend: number }>(
      'SELECT pg_catalog.pg_backend_pid() AS backend',
    );
    seen.add(row!.backend);
  }
  if (seen.size > 1) throw poolerInTheWay();
}

async function release(connection: Connection, backend: number): Promise<void> {
  const [row] = await connection.query<{ released: boolean; backend: number }>(
    `SELECT pg_catalog.pg_advisory_unlock(${LOCK_CLASS}, ${LOCK_OBJECT}) AS released, pg_catalog.pg_backend_pid() AS backend`,
  );
  if (!row!.released && row!.backend !== backend) throw poolerInTheWay();
}

async function currentHolder(connection: Connection): Promise<LockHolder | undefined> {
  const [row] = await connection.query<{ holder: string | null }>(`SELECT (${LOCK_HOLDER}) AS holder`);
  return readLockHolder(row?.holder);
}

function locked(holder: LockHolder | undefined, timeoutMs: number): TidemarkError {
  const waited = timeoutMs === 0 ? '' : ` (waited ${timeoutMs / 1000} s)`;
  const who = holder === undefined ? 'another run, which ended just now' : describeHolder(holder);
  const doing =
    holder?.query === undefined
      ? []
      : [`It ${holder.state === 'active' ? 'runs' : 'last ran'}: ${holder.query}`];
  return new TidemarkError('locked', `the migration lock of this database is held by ${who}${waited}`, {
    exitCode: 4,
    hints: [
      ...doing,
      'Wait for it to end, or allow more time with --lock-timeout.',
      ...(holder === undefined
        ? []
        : [`If it hangs, end it with: SELECT pg_terminate_backend(${holder.pid});`]),
    ],
    details: { holder: holder ?? null },
  });
}

/** What is thrown where a session is not our own from one statement to the next. */
function poolerInTheWay(): TidemarkError {
  return new TidemarkError(
    'transaction-pooler',
    'the connection goes through a pooler that changes the server session between statements',
    {
      hints: [
        'Use a direct connection: the lock and the settings of migrations, backups and restores belong to one session. Supabase and Neon have a second address for that; for PgBouncer use session pooling.',
      ],
    },
  );
}
