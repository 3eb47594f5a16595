import type { Schema } from '../schema/object.js';
import { type Plan, segmentsOf } from '../schema/plan.js';
import { planChanges } from '../schema/planner.js';
import { runPlan, walk } from './prove.js';
import type { Builder, Workbench } from './workbench.js';

/** One of the migrations that a plan is written as. */
export interface PlanPart {
  readonly up: Plan;
  readonly down: Plan;
  /** The state it leads to, as it was on the dev database. Undefined where nothing was proven. */
  readonly reached: Schema | undefined;
}

/**
 * Divides a plan whose steps cannot share a transaction into parts that can be done and taken back one by one, each
 * with a reverse of its own, and proves all of them as `prove` does: up part by part to the wanted state, then down part by
 * part, each to where the part began. `downFirst` is the reverse of the first part, from the state that it led to.
 * Throws TidemarkError `proof-failed`.
 */
export async function proveParts(
  bench: Workbench,
  proof: {
    readonly from: Schema;
    readonly to: Schema;
    readonly up: Plan;
    readonly buildFrom: Builder;
    readonly downFirst: (reached: Schema) => Plan;
  },
): Promise<PlanPart[]> {
  const { from, to, up, buildFrom, downFirst } = proof;
  const segments = segmentsOf(up);
  return bench.build(
    buildFrom,
    async (connection) => {
      const states = [from];
      for (const segment of segments.slice(0, -1)) {
        await runPlan(connection, segment, 'up');
        const reached = await bench.dialect.readSchema(connection, bench.filter);
        states.push({ ...reached, engineVersion: to.engineVersion });
      }
      states.push(await walk(bench, connection, segments.at(-1)!, to, 'up', 'the wanted state'));
      const downs = segments.map((_, index) =>
        index === 0
          ? downFirst(states[1]!)
          : planChanges(states[index + 1]!, states[index]!, bench.dialect, { online: true }),
      );
      for (const [index, down] of [...downs.entries()].reverse()) {
        const goal = index === 0 ? 'the old state' : `the state before part ${index + 1}`;
        await walk(bench, connection, down, states[index]!, 'down', goal);
      }
      return segments.map((segment, index) => ({
        up: segment,
        down: downs[index]!,
        reached: states[index + 1],
      }));
    },
    false,
  );
}
