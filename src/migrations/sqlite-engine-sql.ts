import type { EngineSql, ExpectedHistory } from './engine-sql.js';
import { offlineFrame } from './sqlite-frame.js';
import { SQLITE_HISTORY_SQL } from './sqlite-history-sql.js';
import { literal, quoted } from './sqlite-literal.js';

/** What a migration may have switched and a rollback does not switch back; the first does nothing inside a transaction. */
export const RESET_SESSION = [
  'PRAGMA foreign_keys = ON',
  'PRAGMA legacy_alter_table = OFF',
  'PRAGMA writable_schema = OFF',
  'PRAGMA ignore_check_constraints = OFF',
  'PRAGMA recursive_triggers = OFF',
  'PRAGMA reverse_unordered_selects = OFF',
];

/** SQLite's words. */
export const SQLITE_SQL: EngineSql = {
  name: 'sqlite',
  history: SQLITE_HISTORY_SQL,
  // A transaction that begins by reading can fail at its first write whatever the busy timeout is.
  begin: 'BEGIN IMMEDIATE',
  beforeBookkeeping: [],
  mayCommit: () => false,
  setsSession: (sql) => /^pragma\s+[^=(]*[=(]/i.test(sql),
  offline: {
    usage: 'sqlite3 DATABASE < FILE, of SQLite 3.53 or later where it alters columns or constraints',
    head: ['.bail on'],
    freshSession: RESET_SESSION,
    guard,
    around: offlineFrame,
  },
};

const GUARD = 'temp.tidemark_guard';

/** SQLite raises errors of our own in triggers only, but names the constraint that is violated. */
function guard({ format, applied, absent }: ExpectedHistory): string[] {
  if (format === undefined) {
    return failUnless(
      "NOT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE name = 'tidemark_format')",
      'this script makes the history tables, but the database has them already',
    );
  }
  const among = (ids: readonly string[]) =>
    `FROM main.tidemark_revision WHERE revision IN (${ids.map(literal).join(', ')})`;
  return [
    ...failUnless(
      `(SELECT version FROM main.tidemark_format) = ${format}`,
      `this script is for history tables in format ${format}`,
    ),
    ...(applied.length === 0
      ? []
      : failUnless(
          `(SELECT count(*) ${among(applied)} AND state = 'applied') = ${applied.length}`,
          `this script is for a database that has applied ${applied.join(', ')}`,
        )),
    ...(absent.length === 0
      ? []
      : failUnless(
          `NOT EXISTS (SELECT 1 ${among(absent)})`,
          `this script is for a database that has not applied ${absent.join(', ')}`,
        )),
  ];
}

function failUnless(right: string, message: string): string[] {
  return [
    `CREATE TEMP TABLE tidemark_guard (ok INTEGER CONSTRAINT ${quoted(message)} CHECK (ok))`,
    `INSERT INTO ${GUARD} SELECT ${right}`,
    `DROP TABLE ${GUARD}`,
  ];
}
