import { TidemarkError } from '../errors.js';
import type { ScriptStatement } from '../schema/dialect.js';
import { excerptAt, locate, locator } from '../schema/source-excerpt.js';
import { type Token, tokens } from './lexer.js';
import { classifyStatement } from './statement-class.js';
import { findSyntaxError } from './syntax-check.js';

/**
 * Cuts a SQLite script into statements. `file` is only for messages. Comments before, between and after
 * statements belong to none of them; comments inside stay.
 *
 * Throws TidemarkError `shell-command` for the dot-commands of the sqlite3 shell and `sql-syntax` for what is no
 * SQL to the engine; both with file, line, column and a caret.
 */
export async function splitScript(sql: string, file: string): Promise<readonly ScriptStatement[]> {
  const statements: ScriptStatement[] = [];
  const place = locator(sql);
  for (const list of cut(sql, file)) {
    const offset = list[0]!.start;
    const text = sql.slice(offset, list.at(-1)!.end);
    statements.push({
      sql: text,
      offset,
      ...place(offset),
      ...classifyStatement(list.map((token) => sql.slice(token.start, token.end))),
    });
  }
  const wrong = await findSyntaxError(statements.map((statement) => statement.sql));
  if (wrong) {
    const offset = statements[wrong.statement]!.offset + wrong.offset;
    throw refusal('sql-syntax', wrong.message, sql, offset, file, [
      'Correct the statement; the sqlite3 shell would report the same error.',
    ]);
  }
  return statements;
}

/** The tokens of each statement, without comments and semicolons at the end. */
function* cut(sql: string, file: string): Generator<Token[]> {
  let list: Token[] = [];
  for (const token of tokens(sql)) {
    const text = sql.slice(token.start, token.end);
    if (token.kind === 'comment') continue;
    if (token.kind === 'illegal' || token.kind === 'unterminated') throw notSql(token, text, sql, file);
    if (list.length === 0 && text === '.') throw dotCommand(token, sql, file);
    if (text !== ';') list.push(token);
    else if (list.length > 0) {
      if (isInTrigger(list, sql)) list.push(token);
      else {
        yield list;
        list = [];
      }
    }
  }
  if (list.length > 0) yield list;
}

/** As the engine's own sqlite3_complete(): CREATE TRIGGER ends with an END that follows a semicolon. */
function isInTrigger(list: readonly Token[], sql: string): boolean {
  const word = (index: number): string => {
    const token = list.at(index);
    return token ? sql.slice(token.start, token.end).toLowerCase() : '';
  };
  let at = word(0) === 'explain' ? (word(1) === 'query' ? 3 : 1) : 0;
  if (word(at) !== 'create') return false;
  at += word(at + 1) === 'temp' || word(at + 1) === 'temporary' ? 2 : 1;
  return word(at) === 'trigger' && !(word(-1) === 'end' && word(-2) === ';');
}

function notSql(token: Token, text: string, sql: string, file: string): TidemarkError {
  if (text === '\0') {
    return refusal('sql-syntax', 'the file contains a NUL character', sql, token.start, file, [
      'Save the file as UTF-8 text; a file in UTF-16 looks like this.',
    ]);
  }
  const message =
    token.kind === 'illegal' ? `unrecognized token: ${JSON.stringify(text)}` : `${text[0]} is never closed`;
  return refusal('sql-syntax', message, sql, token.start, file, ['Correct the statement.']);
}

function dotCommand(token: Token, sql: string, file: string): TidemarkError {
  const word = /^\.\w*/.exec(sql.slice(token.start, token.start + 40))![0];
  return refusal(
    'shell-command',
    `${word} is a command of the sqlite3 shell, not SQL`,
    sql,
    token.start,
    file,
    ['Remove the line: Tidemark runs SQL, not scripts of the shell.'],
  );
}

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
