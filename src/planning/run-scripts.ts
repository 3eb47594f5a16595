import { type Connection, DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { type Program, placeIn } from '../migrations/program.js';
import type { Dialect, ScriptStatement } from '../schema/dialect.js';
import { excerptAt, locate } from '../schema/source-excerpt.js';

/** A file of SQL: `name` is what messages call it. */
export interface ScriptFile {
  readonly name: string;
  readonly sql: string;
  /** The text is not SQL: the migration is a program, and this loads it. */
  readonly program?: () => Promise<Program>;
}

export interface SplitScript extends ScriptFile {
  readonly statements: readonly ScriptStatement[];
  readonly run?: Program;
}

/** Cuts files into statements. Throws what `Dialect.splitScript` throws, before anything runs. */
export async function splitScripts(files: readonly ScriptFile[], dialect: Dialect): Promise<SplitScript[]> {
  const scripts: SplitScript[] = [];
  for (const file of files) {
    if (file.program) scripts.push({ ...file, statements: [], run: await file.program() });
    else scripts.push({ ...file, statements: await dialect.splitScript(file.sql, file.name) });
  }
  return scripts;
}

/** True when all of it can run inside one transaction that somebody else began. */
export function fitsTransaction(scripts: readonly SplitScript[]): boolean {
  return scripts.every((script) =>
    script.statements.every((statement) => statement.transactional && !statement.transactionControl),
  );
}

/**
 * Runs scripts statement by statement on a dev database. A refusal becomes a TidemarkError
 * (`sql-failed`) with the file, line, statement and caret; the DatabaseError is its cause.
 */
export async function runScripts(
  connection: Connection,
  scripts: readonly SplitScript[],
  dialect: Dialect,
): Promise<void> {
  for (const script of scripts) {
    try {
      await script.run?.({ connection, dialect, log: () => undefined });
      await connection.executeAll(script.statements.map((statement) => statement.sql));
    } catch (error) {
      if (error instanceof DatabaseError) throw scriptError(script, error);
      throw error;
    }
  }
}

/** The error of a script's statement in terms of its file. */
export function scriptError(
  script: SplitScript,
  error: DatabaseError,
  hints: readonly string[] = [],
): TidemarkError {
  if (script.run !== undefined) return programError(script, error);
  const statement = script.statements[error.statement];
  const offset = (statement?.offset ?? 0) + (error.position ?? 0);
  const { line, column } = locate(script.sql, offset);
  return new TidemarkError('sql-failed', [error.message, error.detail].filter(Boolean).join(': '), {
    location: { file: script.name, line, column },
    excerpt: excerptAt(script.sql, offset),
    hints: [...hints, ...(error.hint ? [error.hint] : [])],
    details: { sqlstate: error.sqlstate },
    cause: error,
  });
}

function programError({ name }: SplitScript, error: DatabaseError): TidemarkError {
  return new TidemarkError('sql-failed', [error.message, error.detail].filter(Boolean).join(': '), {
    location: { file: name, line: placeIn(error, name) ?? 1 },
    hints: [error.context, error.hint].filter((text) => text !== undefined),
    details: { sqlstate: error.sqlstate },
    cause: error,
  });
}
