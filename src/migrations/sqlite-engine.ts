import type { Connection } from '../database/connection.js';
import type { MigrationEngine } from './engine.js';
import { type KnownBroken, offlineFrame, sqliteFrame } from './sqlite-frame.js';
import { sqliteHistory } from './sqlite-history.js';
import { describeBlocker, lockSqlite } from './sqlite-lock.js';
import { userTables } from './sqlite-user-tables.js';

/** What the runner needs to know about SQLite. */
export function sqliteEngine(connection: Connection): MigrationEngine {
  const known: KnownBroken = { schemaVersion: undefined, broken: [] };
  return {
    history: sqliteHistory(connection),
    // A transaction that begins by reading can fail at its first write whatever the busy timeout is.
    begin: 'BEGIN IMMEDIATE',
    lock: (timeoutMs, onWait, signal) => lockSqlite(connection, { timeoutMs, onWait, signal }),
    freshSession: (lockTimeoutMs) => [...RESET, `PRAGMA busy_timeout = ${lockTimeoutMs}`],
    beginWith: (session) => [...session, 'BEGIN IMMEDIATE'],
    setSession: (statements) => statements,
    endSession: [...RESET, 'PRAGMA busy_timeout = 5000'],
    beforeBookkeeping: [],
    longSession: [],
    setsSession: (sql) => /^pragma\s+[^=(]*[=(]/i.test(sql),
    mayCommit: () => false,
    isTransient: (code) => /^SQLITE_(BUSY|LOCKED)/.test(code),
    advice: () => [],
    blocker: () => describeBlocker(connection),
    beforeAttempt: async () => null,
    // VACUUM and a change of the journal mode hold as a whole or not at all, and can be done again.
    settle: async () => ({ verdict: 'redo', note: undefined }),
    userTables: (exclude, limit) => userTables(connection, exclude, limit),
    frame: (script) => sqliteFrame(connection, script, known),
    offline: { head: ['.bail on', ...RESET.map((sql) => `${sql};`)], around: offlineFrame },
  };
}

/** What a migration may have switched and a rollback does not switch back; the first does nothing inside a transaction. */
const RESET = [
  'PRAGMA foreign_keys = ON',
  'PRAGMA legacy_alter_table = OFF',
  'PRAGMA writable_schema = OFF',
  'PRAGMA ignore_check_constraints = OFF',
  'PRAGMA recursive_triggers = OFF',
  'PRAGMA reverse_unordered_selects = OFF',
];
