import { type SqliteHandle, sqliteDriver } from '../database/sqlite-driver.js';
import { toSqliteError } from '../database/sqlite-error.js';

/** What the engine's grammar says against a statement, and where in it. */
export interface SyntaxError {
  readonly message: string;
  /** Character offset in the statement. */
  readonly offset: number;
}

/** What only the grammar and the tokenizer say; anything else is about tables that are not there yet. */
const SYNTAX = /syntax error$|^incomplete input$|^unrecognized token/;

/**
 * Asks the engine whether statements are SQL, by compiling each on an empty database in memory. Nothing runs.
 * Gives the place of the first that is not.
 */
export async function findSyntaxError(
  statements: readonly string[],
): Promise<(SyntaxError & { readonly statement: number }) | undefined> {
  const { open } = await sqliteDriver();
  const handle = open(':memory:');
  try {
    for (const [statement, sql] of statements.entries()) {
      const error = compile(handle, sql);
      if (error) return { ...error, statement };
    }
    return undefined;
  } finally {
    handle.close();
  }
}

function compile(handle: SqliteHandle, sql: string): SyntaxError | undefined {
  // Some pragmas act while they are compiled.
  if (/^pragma\b/i.test(sql)) return undefined;
  try {
    handle.prepare(sql);
    return undefined;
  } catch (error) {
    const { message, position = 0 } = toSqliteError(error, {
      statement: 0,
      sql,
      compile: (text) => handle.prepare(text),
    });
    return SYNTAX.test(message) ? { message, offset: position } : undefined;
  }
}
