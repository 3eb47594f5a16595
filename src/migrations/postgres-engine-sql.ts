import type { EngineSql, ExpectedHistory } from './engine-sql.js';
import { POSTGRES_HISTORY_SQL } from './postgres-history-sql.js';
import { literal, textArray } from './postgres-literal.js';

/** The second undoes what the first does to a role that the connection was opened with. */
const RESET_ROLE = ['RESET SESSION AUTHORIZATION', 'RESET ROLE'];
/** The drivers read and write UTF-8; RESET would bring back whatever the database prefers. */
export const RESET_SESSION = [...RESET_ROLE, 'RESET ALL', "SET client_encoding = 'UTF8'"];

/** PostgreSQL's words. */
export const POSTGRES_SQL: EngineSql = {
  name: 'postgres',
  history: POSTGRES_HISTORY_SQL,
  begin: 'BEGIN',
  beforeBookkeeping: RESET_ROLE,
  mayCommit: (sql) => /^(?:call|do)\b/i.test(sql),
  setsSession: (sql) =>
    /^(?:set|reset)\s+(?!local\b|transaction\b|constraints\b)/i.test(sql) ||
    /^select\s+(?:pg_catalog\s*\.\s*)?set_config\s*\([^;]*\bfalse\s*\)$/is.test(sql),
  offline: {
    usage: 'psql -f FILE',
    // A .psqlrc may have switched the second off.
    head: ['\\set ON_ERROR_STOP on', '\\set AUTOCOMMIT on', "SET client_encoding = 'UTF8';"],
    freshSession: RESET_SESSION,
    guard,
    around: () => ({ before: [], after: [], first: [], last: [], covered: new Set() }),
  },
};

function guard({ format, applied, absent }: ExpectedHistory): string[] {
  if (format === undefined) {
    const message = 'This script makes the history tables, but the database has them already';
    const hint = 'Make the script with the address of this database, or for where it is: up --sql FROM:TO.';
    return [failWhen(`pg_catalog.to_regclass('tidemark.format') IS NOT NULL`, literal(message), hint)];
  }
  const hint = 'Make the script with the address of this database, or for the revision that it is at.';
  return [
    failWhen(
      `(SELECT version FROM tidemark.format) <> ${format}`,
      literal(`This script is for history tables in format ${format}, and the database has others`),
      hint,
    ),
    ...failing(
      applied,
      "NOT EXISTS (SELECT FROM tidemark.revision r WHERE r.revision = w.id AND r.state = 'applied')",
      {
        message: 'This script is for a database that has applied: ',
        hint,
      },
    ),
    ...failing(absent, 'EXISTS (SELECT FROM tidemark.revision r WHERE r.revision = w.id)', {
      message: 'This script is for a database that has not applied: ',
      hint,
    }),
  ];
}

function failing(
  ids: readonly string[],
  wrong: string,
  { message, hint }: { readonly message: string; readonly hint: string },
): string[] {
  if (ids.length === 0) return [];
  const from = `FROM pg_catalog.unnest(${textArray(ids)}) WITH ORDINALITY AS w (id, place) WHERE ${wrong}`;
  const found = `(SELECT pg_catalog.string_agg(w.id, ', ' ORDER BY w.place) ${from})`;
  return [failWhen(`EXISTS (SELECT ${from})`, `${literal(message)} || ${found}`, hint)];
}

function failWhen(wrong: string, message: string, hint: string): string {
  return `DO $tidemark_guard$ BEGIN
  IF ${wrong} THEN
    RAISE EXCEPTION USING MESSAGE = ${message}, HINT = ${literal(hint)};
  END IF;
END $tidemark_guard$`;
}
