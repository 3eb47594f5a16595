import { type Connection, DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { MigrationEngine } from '../migrations/engine.js';
import { RowsInTheWay } from '../migrations/rows-in-the-way.js';
import type { Dialect } from '../schema/dialect.js';
import { isEmptyPlan, type Plan, planStatements } from '../schema/plan.js';
import { excerptAt } from '../schema/source-excerpt.js';
import { applyFramed } from './apply-framed.js';

const NOTHING_CHANGED = 'Nothing was changed: it was all one transaction.';

/**
 * Runs a plan on a database: in one transaction where that is possible, else step by step. Throws
 * TidemarkError `apply-failed` with the statement, what the engine said, and what is true now.
 */
export async function applyPlan(
  connection: Connection,
  plan: Plan,
  by: { readonly dialect: Dialect; readonly engine: MigrationEngine; readonly settings: readonly string[] },
): Promise<void> {
  if (isEmptyPlan(plan)) return;
  await connection.executeAll(by.settings);
  if (by.engine.frame) {
    let running = '';
    await applyFramed(connection, plan, by.dialect, by.engine, (sql) => {
      running = sql;
    }).catch((error: unknown) => {
      throw error instanceof DatabaseError ? failure(error, running, NOTHING_CHANGED) : error;
    });
    return;
  }
  if (plan.transactional) {
    const statements = ['BEGIN', ...planStatements(plan), 'COMMIT'];
    try {
      await connection.executeAll(statements);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (!error.connectionLost) await connection.executeAll(['ROLLBACK']).catch(() => undefined);
      throw failure(error, statements[error.statement] ?? '', NOTHING_CHANGED);
    }
    return;
  }
  let done = 0;
  for (const statement of planStatements(plan)) {
    try {
      await connection.executeAll([statement]);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      throw failure(
        error,
        statement,
        `${done} statement${done === 1 ? '' : 's'} before it took effect; run the command again to plan and do the rest.`,
      );
    }
    done++;
  }
}

function failure(error: DatabaseError, statement: string, state: string): TidemarkError {
  const lost = error.connectionLost
    ? 'The connection was lost, so look at the database before you go on.'
    : state;
  const rows = error instanceof RowsInTheWay ? error : undefined;
  return new TidemarkError('apply-failed', [error.message, error.detail].filter(Boolean).join(': '), {
    // Asked before anything ran, rows stand in the way of the plan, not of one statement.
    ...(statement === ''
      ? {}
      : { excerpt: error.position === undefined ? statement : excerptAt(statement, error.position) }),
    hints: [lost, ...(error.hint ? [error.hint] : []), ...(rows?.hints ?? [])],
    details: {
      statement: statement === '' ? null : statement,
      sqlstate: error.sqlstate,
      ...(rows === undefined ? {} : { rows: rows.found }),
    },
    cause: error,
  });
}
