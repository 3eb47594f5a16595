import type { Connection } from '../database/connection.js';
import { DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { Dialect } from '../schema/dialect.js';
import { type Change, diffSchemas } from '../schema/diff.js';
import type { Schema } from '../schema/object.js';
import { isEmptyPlan, type Plan } from '../schema/plan.js';
import { excerptAt } from '../schema/source-excerpt.js';
import type { Builder, Workbench } from './workbench.js';

/**
 * Shows that a plan does what it says, both ways, on a dev database: from the old state, up gives the new
 * one and down gives the old one back. Throws TidemarkError `proof-failed` with the statement the engine
 * refused, or with every difference that is left; nothing may be written then. Gives the state as up left it.
 */
export async function prove(
  bench: Workbench,
  proof: {
    readonly from: Schema;
    readonly to: Schema;
    readonly up: Plan;
    readonly down: Plan;
    readonly buildFrom: Builder;
  },
): Promise<Schema> {
  const { from, to, up, down, buildFrom } = proof;
  return bench.build(
    buildFrom,
    async (connection) => {
      const reached = await walk(bench, connection, up, to, 'up', 'the wanted state');
      await walk(bench, connection, down, from, 'down', 'the old state');
      return reached;
    },
    up.transactional && down.transactional,
  );
}

/** Carries a plan out on a dev database and compares; throws as `prove` does. Gives the state it led to. */
export async function walk(
  bench: Workbench,
  connection: Connection,
  plan: Plan,
  wanted: Schema,
  direction: 'up' | 'down',
  goal: string,
): Promise<Schema> {
  await runPlan(connection, plan, direction);
  const reached = await bench.dialect.readSchema(connection, bench.filter);
  // What an older database cannot tell apart is no difference.
  const read = bench.dialect.asOnVersion?.(reached, wanted.engineVersion || Infinity) ?? reached;
  const left = diffSchemas(read, wanted, bench.dialect);
  if (left.length === 0) return reached;
  const lines = left.map((change) => describeChange(change, bench.dialect));
  throw new TidemarkError(
    'proof-failed',
    `the ${direction} migration does not reach ${goal} on the dev database`,
    {
      excerpt: lines.join('\n'),
      hints: [
        'Nothing was written. This is a gap in Tidemark: please report it with the two schemas.',
        'Until then, `tidemark migrate new NAME` makes an empty migration to write by hand.',
      ],
      details: { direction, differences: lines },
    },
  );
}

/** Carries a plan out on a dev database. Throws TidemarkError `proof-failed` with the statement that was refused. */
export async function runPlan(connection: Connection, plan: Plan, direction: 'up' | 'down'): Promise<void> {
  if (isEmptyPlan(plan)) return;
  await connection.executeAll(plan.before);
  for (const step of plan.steps) {
    const sql = step.inOrder ?? step.sql;
    try {
      await connection.executeAll(sql);
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      const statement = sql[error.statement] ?? '';
      throw new TidemarkError(
        'proof-failed',
        `the dev database refuses a statement of the ${direction} migration (${step.summary}): ${[error.message, error.detail].filter(Boolean).join(': ')}`,
        {
          excerpt: error.position === undefined ? statement : excerptAt(statement, error.position),
          hints: ['Nothing was written.', ...(error.hint ? [error.hint] : [])],
          details: { direction, statement, sqlstate: error.sqlstate },
          cause: error,
        },
      );
    }
  }
  await connection.executeAll(plan.after);
}

/** One difference in one line: what to do, to what, and for a change which properties. */
export function describeChange(change: Change, dialect: Pick<Dialect, 'kind'>): string {
  if (change.action !== 'alter') {
    return `${change.action} ${dialect.kind(change.object.kind).label(change.object)}`;
  }
  const { before, after, changed } = change;
  const details = changed.map(
    (key) =>
      `${key}: ${JSON.stringify(before.props[key] ?? null)} -> ${JSON.stringify(after.props[key] ?? null)}`,
  );
  return `change ${dialect.kind(after.kind).label(after)} (${details.join('; ')})`;
}
