import type { Connection } from '../database/connection.js';
import { DatabaseError } from '../database/connection.js';
import type { Dialect } from '../schema/dialect.js';
import { requireNotAborted } from './abort.js';
import { AbortableConnection } from './abortable-connection.js';
import { type MigrationEngine, migrationEngine } from './engine.js';
import type { History, LockHolder, LogEntry, Operation } from './history.js';
import type { MigrateEvent, MigrateOptions } from './migrate-options.js';
import { type PlanContext, runIdentity } from './plan-context.js';

/** What everything within one run shares. */
export interface RunContext extends PlanContext {
  readonly connection: Connection;
  readonly engine: MigrationEngine;
  readonly statementLockTimeoutMs: number;
  readonly lockRetries: number;
  readonly emit: (event: MigrateEvent) => void;
  /** Says when the run is to be given up; `connection` throws then (`aborted`). */
  readonly signal: AbortSignal | undefined;
  /** Runs what has to be done all the same: the record of what happened, and what puts the session in order. */
  shielded<T>(work: () => Promise<T>): Promise<T>;
}

const DEFAULT_LOCK_TIMEOUT_MS = 10_000;
/** Longer than PostgreSQL's deadlock_timeout (1 s): only a waiter that long makes an autovacuum give way. */
const DEFAULT_STATEMENT_LOCK_TIMEOUT_MS = 5_000;
const DEFAULT_LOCK_RETRIES = 5;

/** Gathers what a run needs; does not touch the database. Throws TidemarkError (`aborted`) when it need not begin. */
export async function makeContext(
  session: Connection,
  dialect: Dialect,
  operation: Operation,
  options: MigrateOptions,
): Promise<RunContext> {
  const { signal } = options;
  requireNotAborted(signal);
  const abortable = signal === undefined ? undefined : new AbortableConnection(session, signal);
  const connection = abortable ?? session;
  return {
    connection,
    dialect,
    engine: await migrationEngine(connection),
    identity: runIdentity(operation, options.by),
    statementLockTimeoutMs: options.statementLockTimeoutMs ?? DEFAULT_STATEMENT_LOCK_TIMEOUT_MS,
    lockRetries: options.lockRetries ?? DEFAULT_LOCK_RETRIES,
    emit: options.onEvent ?? (() => {}),
    signal,
    shielded: (work) => (abortable === undefined ? work() : abortable.shielded(work)),
  };
}

/**
 * Runs `work` under the migration lock with the history as it is then, and leaves the session as it was.
 */
export function underLock<T>(
  context: RunContext,
  options: Pick<MigrateOptions, 'lockTimeoutMs'>,
  work: (history: History) => Promise<T>,
): Promise<T> {
  return underLockReading(context, options, () => context.engine.history.read(), work);
}

/** As `underLock`, for who reads the history in a way of his own. */
export async function underLockReading<T, Read>(
  context: RunContext,
  options: Pick<MigrateOptions, 'lockTimeoutMs'>,
  read: () => Promise<Read>,
  work: (read: Read) => Promise<T>,
): Promise<T> {
  const { connection, engine, emit, signal } = context;
  const timeoutMs = options.lockTimeoutMs ?? DEFAULT_LOCK_TIMEOUT_MS;
  const onWait = (holder: LockHolder | undefined) => emit({ type: 'waiting-for-lock', holder });
  // A statement that takes the lock and is cancelled then would have it all the same.
  const release = await context.shielded(() => engine.lock(timeoutMs, onWait, signal));
  let result: T;
  try {
    result = await work(await read());
  } catch (error) {
    // The server releases the lock with the session, and the first error is the one to report.
    await context.shielded(() => rollBack(connection, error).then(cleanUp)).catch(() => {});
    throw error;
  }
  await context.shielded(cleanUp);
  return result;

  async function cleanUp(): Promise<void> {
    await release();
    await connection.executeAll(engine.setSession(engine.endSession));
  }
}

/**
 * Opens the account of a run: makes the tables, closes the account of a run that was killed, and notes that
 * this one has begun. Committed before any migration runs, so that a run that is killed leaves a trace.
 *
 * @param backup the id of the backup that was made before it
 */
export async function openRun(context: RunContext, history: History, backup?: string): Promise<void> {
  const { engine, identity } = context;
  await context.shielded(() => engine.history.prepare(history));
  const started = engine.history.log({ outcome: 'started' }, identity);
  const made =
    backup === undefined
      ? []
      : [engine.history.log({ revision: backup, outcome: 'done' }, { ...identity, operation: 'backup' })];
  try {
    await transact(context, [...closingInterrupted(context, history), started, ...made]);
  } catch (error) {
    throw engine.history.whyUnwritable(error);
  }
}

/** As `openRun` where there is nothing to run: only the account of a run that was killed is closed. */
export async function closeInterrupted(context: RunContext, history: History): Promise<void> {
  if (history.lastRun?.outcome !== 'open') return;
  await context.shielded(() => context.engine.history.prepare(history));
  await transact(context, closingInterrupted(context, history));
}

function closingInterrupted({ engine, emit }: RunContext, { lastRun }: History): string[] {
  if (lastRun?.outcome !== 'open') return [];
  emit({ type: 'interrupted-run', run: lastRun });
  return [engine.history.closeInterrupted(lastRun)];
}

/** Closes the account of a run; `extra` are statements of the same transaction. */
export async function closeRun(
  context: RunContext,
  entries: readonly LogEntry[],
  extra: readonly string[] = [],
): Promise<void> {
  const { engine, identity } = context;
  const lines = entries.map((entry) => engine.history.log(entry, identity));
  await transact(context, [...engine.beforeBookkeeping, ...extra, ...lines]);
}

/**
 * Runs statements of our own in one transaction, also when the run was given up. A commit that fails leaves it
 * open on SQLite.
 */
export async function transact(
  { connection, engine, shielded }: RunContext,
  statements: readonly string[],
): Promise<void> {
  try {
    await shielded(() => connection.executeAll([engine.begin, ...statements, 'COMMIT']));
  } catch (error) {
    await rollBack(connection, error);
    throw error;
  }
}

/** Ends a transaction that failed, if the connection is still there. */
export async function rollBack(connection: Connection, error: unknown): Promise<void> {
  if (error instanceof DatabaseError && error.connectionLost) return;
  await connection.executeAll(['ROLLBACK']);
}
