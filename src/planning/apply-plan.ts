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
 * Runs a plan on a database: in one transaction where that is possible, else in as few as can be. Throws
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
  const pieces = transactionsOf(plan);
  for (const [index, piece] of pieces.entries()) {
    const statements = piece.alone ? piece.sql : ['BEGIN', ...piece.sql, 'COMMIT'];
    try {
      await connection.executeAll(statements);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      if (!piece.alone && !error.connectionLost) {
        await connection.executeAll(['ROLLBACK']).catch(() => undefined);
      }
      const done = `${index} of ${pieces.length} parts that cannot share a transaction took effect; run the command again to plan and do the rest.`;
      throw failure(error, statements[error.statement] ?? '', index === 0 ? NOTHING_CHANGED : done);
    }
  }
}

interface Piece {
  readonly sql: readonly string[];
  /** True for what the server refuses in a transaction. */
  readonly alone: boolean;
}

/** A plan in as few transactions as the server allows: a break after what has to be committed first. */
function transactionsOf(plan: Plan): Piece[] {
  if (plan.transactional) return [{ sql: planStatements(plan), alone: false }];
  const pieces: { sql: string[]; alone: boolean; closed: boolean }[] = [];
  for (const step of plan.steps) {
    const last = pieces.at(-1);
    if (step.transactional && last && !last.alone && (!last.closed || step.commitAfter))
      last.sql.push(...step.sql);
    else pieces.push({ sql: [...step.sql], alone: !step.transactional, closed: false });
    pieces.at(-1)!.closed ||= step.commitAfter;
  }
  return [{ sql: plan.before, alone: true }, ...pieces, { sql: plan.after, alone: true }].filter(
    ({ sql }) => sql.length > 0,
  );
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
