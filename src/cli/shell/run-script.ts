import { type Connection, DatabaseError, type Row } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import type { Dialect, ScriptStatement } from '../../schema/dialect.js';
import { excerptAt, locate } from '../../schema/source-excerpt.js';
import { renderTable } from '../render/table.js';

/** One statement and what it gave. */
export interface StatementResult {
  readonly sql: string;
  readonly rows: readonly Row[];
}

/**
 * Runs a script statement by statement and hands each result to `show` before the next one runs. Stops at the
 * first that fails: TidemarkError (`statement-failed`) with its place in the script.
 */
export async function runScript(
  connection: Connection,
  dialect: Dialect,
  script: { readonly text: string; readonly file: string },
  show: (result: StatementResult) => void,
): Promise<void> {
  for (const statement of await dialect.splitScript(script.text, script.file)) {
    try {
      show({ sql: statement.sql, rows: await connection.query(statement.sql) });
    } catch (error) {
      throw error instanceof DatabaseError ? failed(error, statement, script) : error;
    }
  }
}

/** What a person reads for a result: its rows, or `ok` for a statement that never gives any. */
export function showResult({ sql, rows }: StatementResult): string {
  const gives =
    rows.length > 0 || /^\s*(select|table|values|with|show|explain|fetch)\b|\breturning\b/i.test(sql);
  return gives ? renderTable(rows) : 'ok';
}

function failed(
  error: DatabaseError,
  { offset }: ScriptStatement,
  { text, file }: { readonly text: string; readonly file: string },
): TidemarkError {
  const at = offset + (error.position ?? 0);
  return new TidemarkError('statement-failed', error.message, {
    location: { file, ...locate(text, at) },
    excerpt: excerptAt(text, at),
    hints: error.hint ? [error.hint] : [],
    details: { sqlstate: error.sqlstate },
    cause: error,
  });
}
