import type { Dialect } from '../schema/dialect.js';
import type { Schema, SchemaObject } from '../schema/object.js';
import type { Step } from '../schema/plan.js';
import { type Rename, shortName } from '../schema/rename.js';
import { followingRenames } from '../schema/unasked-renames.js';
import { renameOrder } from './rename-order.js';
import type { Builder, Workbench } from './workbench.js';

/** The renames at the start of a plan, and the state they lead to. */
export interface Renamed {
  readonly schema: Schema;
  /** In the order they run. */
  readonly steps: readonly Step[];
  /** The same back, in the order they run at the end of the way down. */
  readonly back: readonly Step[];
}

/**
 * Carries renames out on the dev database and reads the state back: what depends on a renamed thing changes
 * its text by itself, and only the engine knows how. Keys and indexes named after a table are renamed with it.
 */
export async function applyRenames(
  bench: Workbench,
  from: { readonly schema: Schema; readonly builder: Builder },
  to: Schema,
  renames: readonly Rename[],
): Promise<Renamed> {
  const steps: Step[] = [];
  const back: Step[] = [];
  let schema = from.schema;
  for (let round: readonly Rename[] = renames; round.length > 0; ) {
    for (const { object, newName } of renameOrder(round, schema, bench.dialect)) {
      steps.push(renameStep(bench.dialect, object, newName));
      back.unshift(renameStep(bench.dialect, { ...object, name: newName }, object.name));
    }
    const sql = steps.flatMap((step) => step.sql);
    schema = await bench.build(from.builder, async (connection) => {
      await connection.executeAll(sql);
      return bench.dialect.readSchema(connection, bench.filter);
    });
    round = followingRenames(schema, to, bench.dialect);
  }
  return { schema, steps: withReverse(steps, back), back: withReverse(back, steps) };
}

function renameStep(dialect: Dialect, object: SchemaObject, newName: string): Step {
  const kind = dialect.kind(object.kind);
  const rendered = kind.rename!(object, newName);
  return {
    action: 'rename',
    object: object.id,
    touches: [object.id],
    summary: rendered.summary ?? `Rename ${kind.label(object)} to ${newName}`,
    sql: rendered.sql,
    reverse: [],
    hazards: rendered.hazards ?? [
      {
        code: 'rename',
        level: 'note',
        subject: shortName(object),
        message: `programs that still use the name ${shortName(object)} fail from here on`,
      },
    ],
    transactional: true,
    commitAfter: false,
  };
}

function withReverse(steps: readonly Step[], opposite: readonly Step[]): Step[] {
  const last = opposite.length - 1;
  return steps.map((step, index) => ({ ...step, reverse: opposite[last - index]!.sql }));
}
