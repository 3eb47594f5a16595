import type { Connection } from '../database/connection.js';
import type { MigrationEngine } from './engine.js';
import { postgresAdvice } from './postgres-advice.js';
import { beforeAttempt, settleAttempt } from './postgres-attempt.js';
import { POSTGRES_SQL, RESET_SESSION } from './postgres-engine-sql.js';
import { postgresHistory } from './postgres-history.js';
import { lockPostgres } from './postgres-lock.js';
import { missingRoleAdvice } from './postgres-missing-role.js';
import { userTables } from './postgres-user-tables.js';

/** lock_not_available, deadlock_detected */
const TRANSIENT = new Set(['55P03', '40P01']);

/** What the runner needs to know about PostgreSQL. */
export function postgresEngine(connection: Connection): MigrationEngine {
  return {
    ...POSTGRES_SQL,
    history: postgresHistory(connection),
    // The embedded engine has one session, and a file lock keeps other processes out.
    lock: (timeoutMs, onWait, signal) =>
      connection.embedded
        ? Promise.resolve(async () => {})
        : lockPostgres(connection, { timeoutMs, onWait, signal }),
    freshSession: (lockTimeoutMs) => [...RESET_SESSION, `SET lock_timeout = ${lockTimeoutMs}`],
    beginWith: (session) => ['BEGIN', ...session],
    setSession: (statements) => ['BEGIN', ...statements, 'COMMIT'],
    endSession: RESET_SESSION,
    // A timeout in the middle of CREATE INDEX CONCURRENTLY leaves an invalid index.
    longSession: ['SET lock_timeout = 0', 'SET statement_timeout = 0'],
    isTransient: (sqlstate) => TRANSIENT.has(sqlstate),
    advice: postgresAdvice,
    adviceOn: (error, sql) => missingRoleAdvice(connection, error, sql),
    beforeAttempt: (sql) => beforeAttempt(connection, sql),
    settle: (attempt) => settleAttempt(connection, attempt),
    userTables: (filter, limit) => userTables(connection, filter, limit),
  };
}
