import { TidemarkError } from '../errors.js';
import type { ScriptStatement } from '../schema/dialect.js';
import { excerptAt, locate } from '../schema/source-excerpt.js';
import { type Token, tokens } from './lexer.js';
import { classifyStatement } from './statement-class.js';

/**
 * Cuts a PostgreSQL script into statements with PostgreSQL's own parser. `file` is only for messages.
 *
 * Comments before, between and after statements belong to none of them; comments inside stay.
 * Throws TidemarkError `psql-command` and `copy-data` for what only psql understands, found before anything is
 * parsed, and `sql-syntax` for what PostgreSQL's grammar rejects; all with file, line, column and a caret.
 */
export async function splitScript(sql: string, file: string): Promise<readonly ScriptStatement[]> {
  const code = significantTokens(sql, file);
  if (code.length === 0) return [];
  const parsed = await parse(sql, file);
  const offsetOf = byteOffsets(withoutMark(sql));
  const place = positions(sql);
  const cursor = new TokenCursor(code);
  return parsed.map(({ stmt, stmt_location = 0, stmt_len }) => {
    const start = offsetOf(stmt_location);
    const end = stmt_len === undefined ? sql.length : offsetOf(stmt_location + stmt_len);
    const [first, last] = cursor.within(start, end);
    return {
      sql: sql.slice(first.start, last.end),
      offset: first.start,
      ...place(first.start),
      ...classifyStatement(stmt),
    };
  });
}

interface ParsedStatement {
  readonly stmt?: unknown;
  readonly stmt_location?: number;
  /** Missing for a last statement without a semicolon. */
  readonly stmt_len?: number;
}

/** The parser takes a byte order mark for the start of a name; a space keeps every string offset as it is. */
function withoutMark(sql: string): string {
  return sql.startsWith('\uFEFF') ? ` ${sql.slice(1)}` : sql;
}

async function parse(sql: string, file: string): Promise<readonly ParsedStatement[]> {
  const { loadModule, parseSync, hasSqlDetails } = await import('libpg-query');
  await loadModule();
  try {
    return parseSync(withoutMark(sql)).stmts ?? [];
  } catch (error) {
    if (!hasSqlDetails(error) || error.sqlDetails === undefined) throw error;
    const { message, cursorPosition } = error.sqlDetails;
    throw refusal('sql-syntax', message, sql, codePointOffset(sql, cursorPosition), file, [
      'Correct the statement; psql would report the same error.',
    ]);
  }
}

/** The tokens that are not comments, after making sure that the script is SQL and not psql input. */
function significantTokens(sql: string, file: string): Token[] {
  const nul = sql.indexOf('\0');
  if (nul !== -1) {
    throw refusal('sql-syntax', 'the file contains a NUL character', sql, nul, file, [
      'Save the file as UTF-8 text; a file in UTF-16 looks like this.',
    ]);
  }
  const code: Token[] = [];
  const statement = new CopyWatch();
  for (const token of tokens(sql)) {
    if (token.kind === 'comment') continue;
    code.push(token);
    if (token.kind === 'symbol' && sql[token.start] === '\\') throw psqlCommand(sql, token.start, file);
    const copy = statement.see(token, sql);
    if (copy !== undefined) {
      throw refusal('copy-data', 'COPY FROM stdin carries its rows in the file', sql, copy, file, [
        'Write the rows as INSERT statements (pg_dump --inserts does).',
        'Or load them with psql and keep only definitions here (pg_dump --schema-only).',
      ]);
    }
  }
  return code;
}

/** Notices `COPY … FROM stdin`; gives the offset of the COPY. */
class CopyWatch {
  #start: number | undefined;
  #first = true;
  #previous = '';
  #depth = 0;

  see(token: Token, sql: string): number | undefined {
    const text = token.kind === 'word' || token.kind === 'symbol' ? sql.slice(token.start, token.end) : '';
    const word = token.kind === 'word' ? text.toLowerCase() : '';
    if (text === ';') {
      this.#start = undefined;
      this.#first = true;
      this.#depth = 0;
      return undefined;
    }
    if (this.#first) this.#start = word === 'copy' ? token.start : undefined;
    this.#first = false;
    if (text === '(') this.#depth += 1;
    if (text === ')') this.#depth -= 1;
    const found = this.#depth === 0 && this.#previous === 'from' && word === 'stdin';
    this.#previous = word;
    return found ? this.#start : undefined;
  }
}

function psqlCommand(sql: string, offset: number, file: string): TidemarkError {
  const word = /^\\(?:[A-Za-z]+\+?|.)?/.exec(sql.slice(offset, offset + 40))?.[0] ?? '\\';
  const hint = PSQL_HINTS[word] ?? 'Remove the line: Tidemark runs SQL, not psql scripts.';
  return refusal('psql-command', `${word} is a command of psql, not SQL`, sql, offset, file, [hint]);
}

const PSQL_HINTS: Readonly<Record<string, string>> = {
  '\\restrict': 'Remove the line; pg_dump writes it for psql, and nothing else needs it.',
  '\\unrestrict': 'Remove the line; pg_dump writes it for psql, and nothing else needs it.',
  '\\i': 'Name the other file in the configuration: "schema" takes several files, a folder or a pattern.',
  '\\ir': 'Name the other file in the configuration: "schema" takes several files, a folder or a pattern.',
  '\\include':
    'Name the other file in the configuration: "schema" takes several files, a folder or a pattern.',
  '\\connect': 'Remove the line; the environment in the configuration says which database is meant.',
  '\\c': 'Remove the line; the environment in the configuration says which database is meant.',
  '\\copy': 'Write the rows as INSERT statements, or load them with psql.',
  '\\.': 'Write the rows as INSERT statements (pg_dump --inserts does).',
};

function refusal(
  code: string,
  message: string,
  sql: string,
  offset: number,
  file: string,
  hints: readonly string[],
): TidemarkError {
  return new TidemarkError(code, message, {
    location: { file, ...locate(sql, offset) },
    excerpt: excerptAt(sql, offset),
    hints,
  });
}

/** Finds the first and last token of statements that are asked for in order. */
class TokenCursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(list: readonly Token[]) {
    this.#tokens = list;
  }

  within(start: number, end: number): [first: Token, last: Token] {
    while (this.#tokens[this.#at]!.start < start) this.#at += 1;
    const first = this.#tokens[this.#at]!;
    while (this.#at + 1 < this.#tokens.length && this.#tokens[this.#at + 1]!.end <= end) this.#at += 1;
    return [first, this.#tokens[this.#at]!];
  }
}

/** Turns UTF-8 byte offsets, asked for in ascending order, into offsets of the string. */
function byteOffsets(text: string): (byte: number) => number {
  if (Buffer.byteLength(text) === text.length) return (byte) => byte;
  let index = 0;
  let bytes = 0;
  return (byte) => {
    while (bytes < byte) {
      const point = text.codePointAt(index)!;
      bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      index += point < 0x10000 ? 1 : 2;
    }
    return index;
  };
}

/** `locate` for offsets asked for in ascending order, without starting over for each. */
function positions(sql: string): (offset: number) => { line: number; column: number } {
  let base = 0;
  let line = 1;
  return (offset) => {
    const next = locate(sql.slice(base, offset), offset - base);
    line += next.line - 1;
    const start = Math.max(sql.lastIndexOf('\n', offset - 1), sql.lastIndexOf('\r', offset - 1)) + 1;
    base = start;
    return { line, column: locate(sql.slice(start, offset), offset - start).column };
  };
}

function codePointOffset(text: string, points: number): number {
  let index = 0;
  for (let left = points; left > 0 && index < text.length; left -= 1) {
    index += text.codePointAt(index)! > 0xffff ? 2 : 1;
  }
  return index;
}
