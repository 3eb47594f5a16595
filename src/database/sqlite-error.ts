import { DatabaseError } from './connection.js';
import { resultCodeName } from './sqlite-result-codes.js';

/** What the two drivers put on their errors. */
interface DriverError {
  readonly message: string;
  /** better-sqlite3: the name of the extended result code; node:sqlite: its own code. */
  readonly code?: string;
  /** node:sqlite: the extended result code. */
  readonly errcode?: number;
}

/** Where an error arose. */
export interface FailedStatement {
  readonly statement: number;
  readonly sql: string;
  /** Compiles a text without running it; throws where the engine refuses it. */
  readonly compile: (sql: string) => void;
}

/** Turns a driver's error into a DatabaseError whose `sqlstate` is the name of SQLite's extended result code. */
export function toSqliteError(error: unknown, failed: FailedStatement): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { message, code, errcode } = error as DriverError;
  return new DatabaseError(message, {
    sqlstate: errcode === undefined ? sqliteName(code) : resultCodeName(errcode),
    statement: failed.statement,
    position: findPosition(message, failed),
    hint: stringHint(message),
    cause: error,
  });
}

/** What other tools let pass for a string is a name here; SQLite puts it in double quotes when it was written so. */
function stringHint(message: string): string | undefined {
  const [, text] = /\bno such column: "(.*)"(?: - .*)?$/s.exec(message) ?? [];
  return text === undefined
    ? undefined
    : `What is in double quotes is a name; write a string in single quotes: '${text.replaceAll("'", "''")}'.`;
}

function sqliteName(code: string | undefined): string {
  return code?.startsWith('SQLITE_') ? code : '';
}

/** A text of that many characters is not compiled over and over to find a place in it. */
const LONGEST_SEARCH = 50_000;

/**
 * SQLite knows the offset of most errors and neither driver tells it, so it is found again: the parser reads
 * from left to right, so the first place from which the text up to there gives the same error is the one.
 */
function findPosition(message: string, { sql, compile }: FailedStatement): number | undefined {
  if (message === 'incomplete input') return sql.length;
  const token = /^(?:near|unrecognized token:) "(.*)"(?:: syntax error)?$/s.exec(message)?.[1];
  if (token !== undefined) {
    const places = occurrences(sql, token);
    if (places.length <= 1 || sql.length > LONGEST_SEARCH || /^\s*pragma\b/i.test(sql)) return places[0];
    return places.find((at) => refusal(compile, sql.slice(0, at + token.length)) === message);
  }
  const name =
    /^no such (?:column|table|function|index|view|trigger|collation sequence|module): "?(.+?)"?(?: - .*)?$/s;
  const path = name.exec(message)?.[1];
  const places = path === undefined ? [] : occurrences(sql, path.replace(/^.*\./s, ''));
  // Which of several places is meant, only the engine knows.
  return places.length === 1 ? places[0] : undefined;
}

function occurrences(sql: string, token: string): number[] {
  const places: number[] = [];
  if (token === '') return places;
  const wordy = /^\w+$/.test(token);
  for (let at = sql.indexOf(token); at !== -1; at = sql.indexOf(token, at + 1)) {
    const inWord = wordy && (/\w/.test(sql[at - 1] ?? '') || /\w/.test(sql[at + token.length] ?? ''));
    if (!inWord) places.push(at);
  }
  return places;
}

function refusal(compile: (sql: string) => void, sql: string): string | undefined {
  try {
    compile(sql);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
