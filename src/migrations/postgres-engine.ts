import type { Connection } from '../database/connection.js';
import type { MigrationEngine } from './engine.js';
import { postgresAdvice } from './postgres-advice.js';
import { beforeAttempt, settleAttempt } from './postgres-attempt.js';
import { postgresHistory } from './postgres-history.js';
import { lockPostgres } from './postgres-lock.js';
import { userTables } from './postgres-user-tables.js';

/** lock_not_available, deadlock_detected */
const TRANSIENT = new Set(['55P03', '40P01']);

/** What the runner needs to know about PostgreSQL. */
export function postgresEngine(connection: Connection): MigrationEngine {
  return {
    history: postgresHistory(connection),
    begin: 'BEGIN',
    // The embedded engine has one session, and a file lock keeps other processes out.
    lock: (timeoutMs, onWait, signal) =>
      connection.embedded
        ? Promise.resolve(async () => {})
        : lockPostgres(connection, { timeoutMs, onWait, signal }),
    freshSession: (lockTimeoutMs) => [...RESET_SESSION, `SET lock_timeout = ${lockTimeoutMs}`],
    beginWith: (session) => ['BEGIN', ...session],
    setSession: (statements) => ['BEGIN', ...statements, 'COMMIT'],
    endSession: RESET_SESSION,
    beforeBookkeeping: RESET_ROLE,
    // A timeout in the middle of CREATE INDEX CONCURRENTLY leaves an invalid index.
    longSession: ['SET lock_timeout = 0', 'SET statement_timeout = 0'],
    setsSession: (sql) =>
      /^(?:set|reset)\s+(?!local\b|transaction\b|constraints\b)/i.test(sql) ||
      /^select\s+(?:pg_catalog\s*\.\s*)?set_config\s*\([^;]*\bfalse\s*\)$/is.test(sql),
    mayCommit: (sql) => /^(?:call|do)\b/i.test(sql),
    isTransient: (sqlstate) => TRANSIENT.has(sqlstate),
    advice: postgresAdvice,
    beforeAttempt: (sql) => beforeAttempt(connection, sql),
    settle: (attempt) => settleAttempt(connection, attempt),
    userTables: (exclude, limit) => userTables(connection, exclude, limit),
    offline: {
      head: ['\\set ON_ERROR_STOP on'],
      around: () => ({ before: [], after: [], covered: new Set() }),
    },
  };
}

/** The second undoes what the first does to a role that the connection was opened with. */
const RESET_ROLE = ['RESET SESSION AUTHORIZATION', 'RESET ROLE'];
/** The drivers read and write UTF-8; RESET would bring back whatever the database prefers. */
const RESET_SESSION = [...RESET_ROLE, 'RESET ALL', "SET client_encoding = 'UTF8'"];
