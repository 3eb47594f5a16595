import type { Connection } from '../database/connection.js';
import type { MigrationEngine } from './engine.js';
import { RESET_SESSION, SQLITE_SQL } from './sqlite-engine-sql.js';
import { type KnownBroken, sqliteFrame } from './sqlite-frame.js';
import { sqliteHistory } from './sqlite-history.js';
import { describeBlocker, lockSqlite } from './sqlite-lock.js';
import { userTables } from './sqlite-user-tables.js';

/** What the runner needs to know about SQLite. */
export function sqliteEngine(connection: Connection): MigrationEngine {
  const known: KnownBroken = { schemaVersion: undefined, broken: [] };
  return {
    ...SQLITE_SQL,
    history: sqliteHistory(connection),
    lock: (timeoutMs, onWait, signal) => lockSqlite(connection, { timeoutMs, onWait, signal }),
    freshSession: (lockTimeoutMs) => [...RESET_SESSION, `PRAGMA busy_timeout = ${lockTimeoutMs}`],
    beginWith: (session) => [...session, 'BEGIN IMMEDIATE'],
    setSession: (statements) => statements,
    endSession: [...RESET_SESSION, 'PRAGMA busy_timeout = 5000'],
    longSession: [],
    isTransient: (code) => /^SQLITE_(BUSY|LOCKED)/.test(code),
    advice: () => [],
    blocker: () => describeBlocker(connection),
    beforeAttempt: async () => null,
    // VACUUM and a change of the journal mode hold as a whole or not at all, and can be done again.
    settle: async () => ({ verdict: 'redo', note: undefined }),
    userTables: (filter, limit) => userTables(connection, filter, limit),
    frame: (script) => sqliteFrame(connection, script, known),
  };
}
