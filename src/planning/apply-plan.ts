import { type Connection, DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { pause } from '../migrations/abort.js';
import type { MigrationEngine } from '../migrations/engine.js';
import { RowsInTheWay, type StoppingRows } from '../migrations/rows-in-the-way.js';
import type { Dialect } from '../schema/dialect.js';
import { isApart, isEmptyPlan, type Plan, planStatements, type Step } from '../schema/plan.js';
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
  await askRows(connection, plan).catch((error: unknown) => {
    throw error instanceof DatabaseError ? failure(error, '', NOTHING_CHANGED) : error;
  });
  const pieces = await piecesOf(plan, by.dialect);
  const { engine, settings } = by;
  for (const [index, piece] of pieces.entries()) {
    if (piece.long) await connection.executeAll(engine.setSession(engine.longSession));
    try {
      await runPiece(connection, piece, engine);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      const statement = piece.sql[error.statement] ?? '';
      const advice = error.connectionLost ? [] : await engine.adviceOn?.(error, statement).catch(() => []);
      throw failure(error, statement, whatHolds(index, pieces), advice);
    }
    if (piece.long) await connection.executeAll([...settings, ...plan.before]);
  }
}

function whatHolds(failed: number, pieces: readonly Piece[]): string {
  const left = pieces[failed]!.long ? ' What the one that failed left behind is cleared up then.' : '';
  if (failed === 0 && left === '') return NOTHING_CHANGED;
  return `${failed} of ${pieces.length} parts that cannot share a transaction took effect; run the command again to plan and do the rest.${left}`;
}

/** How often a piece is tried again that does not get a lock in time. */
const TRIES = 10;

/** Runs what holds together, again where it may succeed then. */
async function runPiece(
  connection: Connection,
  { sql, long }: Piece,
  engine: MigrationEngine,
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await connection.executeAll(sql);
      return;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.connectionLost) throw error;
      if (sql.length > 1) await connection.executeAll(['ROLLBACK']).catch(() => undefined);
      // What runs outside a transaction has left something behind, which the next plan sees.
      if (long || !engine.isTransient(error.sqlstate) || tries >= TRIES) throw error;
      await pause(Math.random() * Math.min(5_000, 200 * 2 ** tries) + 20, undefined);
    }
  }
}

/** Counts the rows that would stop a step, before anything runs: the engine would only name the first. */
async function askRows(connection: Connection, plan: Plan): Promise<void> {
  const found: StoppingRows[] = [];
  let statement = plan.before.length + 1;
  for (const { hazards, sql } of plan.steps) {
    for (const { stoppedBy, message } of hazards) {
      if (stoppedBy === undefined) continue;
      const rows = await countRows(connection, stoppedBy);
      if (rows > 0) found.push({ statement, table: null, rows, query: stoppedBy, reason: message });
    }
    statement += sql.length;
  }
  if (found.length > 0) throw new RowsInTheWay(found, INTEGRITY_VIOLATION);
}

const INTEGRITY_VIOLATION = '23000';

/** None where the question is about what an earlier step makes or renames: then the step itself will tell. */
async function countRows(connection: Connection, query: string): Promise<number> {
  try {
    const [answer] = await connection.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM (${query}) AS found`,
    );
    return answer?.n ?? 0;
  } catch (error) {
    if (error instanceof DatabaseError && !error.connectionLost) return 0;
    throw error;
  }
}

interface Piece {
  /** From BEGIN to COMMIT, or one statement. */
  readonly sql: readonly string[];
  /** True for what no transaction covers: it may have to wait long for others, and holds nobody back meanwhile. */
  readonly long: boolean;
}

/** A plan in as few transactions as the server allows: a break after what has to be committed first. */
async function piecesOf(plan: Plan, dialect: Dialect): Promise<Piece[]> {
  const shared = (sql: readonly string[]): Piece => ({ sql: ['BEGIN', ...sql, 'COMMIT'], long: false });
  if (plan.transactional) return [shared(planStatements(plan))];
  const pieces: (Piece | { readonly open: string[]; closed: boolean })[] = [];
  for (const step of plan.steps) {
    if (isApart(step)) {
      pieces.push(...(await oneByOne(step, dialect)));
      continue;
    }
    let last = pieces.at(-1);
    if (last === undefined || 'sql' in last || step.commitBefore || (last.closed && !step.commitAfter)) {
      last = { open: [], closed: false };
      pieces.push(last);
    }
    last.open.push(...step.sql);
    last.closed ||= step.commitAfter;
  }
  return [
    ...plan.before.map((sql) => ({ sql: [sql], long: false })),
    ...pieces.map((piece) => ('sql' in piece ? piece : shared(piece.open))),
    ...plan.after.map((sql) => ({ sql: [sql], long: false })),
  ];
}

/** The statements of a step that shares no transaction; from BEGIN to COMMIT they hold together. */
async function oneByOne({ sql, transactional }: Step, dialect: Dialect): Promise<Piece[]> {
  const pieces: Piece[] = [];
  let open: string[] | undefined;
  for (const statement of sql) {
    if (statement === 'BEGIN') open = [];
    open?.push(statement);
    if (open !== undefined) {
      if (statement !== 'COMMIT') continue;
      pieces.push({ sql: open, long: false });
      open = undefined;
      continue;
    }
    const [parsed] = transactional ? [] : await dialect.splitScript(statement, 'the plan');
    const long = parsed?.transactional === false;
    pieces.push({ sql: long ? [statement] : ['BEGIN', statement, 'COMMIT'], long });
  }
  return pieces;
}

function failure(
  error: DatabaseError,
  statement: string,
  state: string,
  advice: readonly string[] = [],
): TidemarkError {
  const lost = error.connectionLost
    ? 'The connection was lost, so look at the database before you go on.'
    : state;
  const rows = error instanceof RowsInTheWay ? error : undefined;
  return new TidemarkError('apply-failed', [error.message, error.detail].filter(Boolean).join(': '), {
    // Asked before anything ran, rows stand in the way of the plan, not of one statement.
    ...(statement === ''
      ? {}
      : { excerpt: error.position === undefined ? statement : excerptAt(statement, error.position) }),
    hints: [lost, ...(error.hint ? [error.hint] : []), ...advice, ...(rows?.hints ?? [])],
    details: {
      statement: statement === '' ? null : statement,
      sqlstate: error.sqlstate,
      ...(rows === undefined ? {} : { rows: rows.found }),
    },
    cause: error,
  });
}
