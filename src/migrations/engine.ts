import type { Connection, DatabaseError } from '../database/connection.js';
import type { ObjectFilter } from '../schema/dialect.js';
import type { EngineSql } from './engine-sql.js';
import type { Attempt, HistoryStore, LockHolder } from './history.js';
import type { Script } from './script.js';
import type { TransactionFrame } from './transaction-frame.js';

/** How a statement that was begun outside a transaction, and whose end nobody recorded, turned out. */
export interface Settlement {
  /** `done`: its effect is there. `redo`: run it (again); leftovers are gone. */
  readonly verdict: 'done' | 'redo';
  /** What was found and done, in words; undefined when there is nothing to tell. */
  readonly note: string | undefined;
}

/**
 * What the runner asks of a database engine beside running SQL. One for PostgreSQL, one for SQLite,
 * picked in `migrationEngine`.
 */
export interface MigrationEngine extends EngineSql {
  readonly history: HistoryStore;
  /** Takes the lock that keeps other runners out, and gives what releases it. `signal` ends the waiting. */
  lock(
    timeoutMs: number,
    onWait: (holder: LockHolder | undefined) => void,
    signal?: AbortSignal,
  ): Promise<() => Promise<void>>;
  /** Statements that give every migration the same session, whatever the one before it set. */
  freshSession(lockTimeoutMs: number): readonly string[];
  /**
   * A transaction that begins with a session set: on PostgreSQL inside it, so that a pooler keeps the two
   * together; on SQLite before it, because PRAGMA foreign_keys does nothing inside.
   */
  beginWith(session: readonly string[]): readonly string[];
  /** How statements that only set the session are sent. */
  setSession(statements: readonly string[]): readonly string[];
  /** Statements that leave the session as it was opened. */
  readonly endSession: readonly string[];
  /** Statements after those for one that runs outside a transaction: it may wait long, and must not be cut off. */
  readonly longSession: readonly string[];
  /** True for an error after which the same transaction may well succeed: a lock not got in time, a deadlock. */
  isTransient(sqlstate: string): boolean;
  /** Ways out of an error that the engine does not name itself, as full sentences. */
  advice(error: DatabaseError): readonly string[];
  /** Ways out that need a look at the database or at the statement that failed, as full sentences. */
  adviceOn?(error: DatabaseError, sql: string): Promise<readonly string[]>;
  /** Who stands in the way after such an error, as a sentence, where that can be known. */
  blocker?(): Promise<string | undefined>;
  /** What has to be remembered about the database before a statement that no transaction covers. */
  beforeAttempt(sql: string): Promise<unknown>;
  /** Finds out how such a statement ended. */
  settle(attempt: Attempt): Promise<Settlement>;
  /** The tables and views of the user, by name, at most `limit`; platform schemas and extensions not counted. */
  userTables(filter: ObjectFilter, limit: number): Promise<readonly string[]>;
  /** What has to happen around a migration's transaction. Without it the transaction is sent as one batch. */
  readonly frame?: (script: Script) => Promise<TransactionFrame>;
}

/** The engine behind a connection. The only place in this folder that knows which there are. */
export async function migrationEngine(connection: Connection): Promise<MigrationEngine> {
  if (connection.engine === 'sqlite') {
    const { sqliteEngine } = await import('./sqlite-engine.js');
    return sqliteEngine(connection);
  }
  const { postgresEngine } = await import('./postgres-engine.js');
  return postgresEngine(connection);
}
