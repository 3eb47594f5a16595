import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { postgresDialect } from '../../src/postgres/dialect.js';
import type { Schema } from '../../src/schema/object.js';
import { type Plan, planStatements } from '../../src/schema/plan.js';
import { planBothWays } from '../../src/schema/planner.js';
import { Playground } from '../postgres/kinds/playground.js';
import { differences } from '../postgres/scratch.js';
import { embedded } from '../support/postgres-server.js';
import { schemaSql } from './random-schema.js';

/** RANDOM_PAIRS=5000 for a long run; RANDOM_SEED repeats one. */
const runs = Number(process.env.RANDOM_PAIRS ?? 100);

let playground: Playground;
beforeAll(async () => {
  playground = await Playground.open(embedded());
});
afterAll(() => playground.close());

test(
  `the way between ${runs} pairs of random schemas leads there and back`,
  async () => {
    await fc.assert(fc.asyncProperty(schemaSql, schemaSql, roundTrip), {
      numRuns: runs,
      ...(process.env.RANDOM_SEED ? { seed: Number(process.env.RANDOM_SEED) } : {}),
      reporter(result) {
        if (!result.failed) return;
        const [before, after] = result.counterexample ?? [];
        const error = result.errorInstance as Error;
        throw new Error(
          `seed ${result.seed}\n-- before\n${before}\n\n-- after\n${after}\n\n-- ${error.message}`,
          { cause: error },
        );
      },
    });
  },
  120_000 + runs * 5_000,
);

async function roundTrip(before: string, after: string): Promise<void> {
  await playground.clear();
  const from = await playground.stateOf(before);
  const to = await playground.stateOf(after);
  const { up, down } = planBothWays(from, to, postgresDialect);
  await playground.run(before);
  await walk(up, to);
  await walk(down, from);
  await walk(up, to);
}

async function walk(plan: Plan, wanted: Schema): Promise<void> {
  const statements = planStatements(plan);
  const all = plan.transactional ? ['BEGIN', ...statements, 'COMMIT'] : statements;
  try {
    await playground.connection.executeAll(all);
  } catch (error) {
    if (plan.transactional) await playground.connection.executeAll(['ROLLBACK']);
    throw new Error(`${(error as Error).message}\nin\n${statements.join(';\n')}`, { cause: error });
  }
  expect(differences(await playground.read(), wanted), statements.join(';\n')).toEqual([]);
}
