import * as fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { openEmbedded } from '../../src/database/embedded-postgres.js';
import { ensureRoles } from '../support/roles.js';
import { type Candidate, related, sequence, unrelated } from './random-schema.js';
import { smaller } from './random-smaller.js';
import { build, wander } from './random-walk.js';

/**
 * TIDEMARK_RANDOM_PAIRS=5000 for a long run, which takes a seed of its own; TIDEMARK_RANDOM_SEED repeats one. The
 * normal run is the same each time: whoever changes something else is not to find what was there before.
 */
const long = process.env.TIDEMARK_RANDOM_PAIRS;
const pairs = Number(long ?? 200);
const seed = Number(process.env.TIDEMARK_RANDOM_SEED ?? (long ? Math.floor(Math.random() * 2 ** 31) : 3));

let connection: Connection;
beforeAll(async () => {
  connection = await openEmbedded({});
  await ensureRoles(connection, ['tm_reader', 'tm_writer', 'tm_owner', '"tm Odd""Role"']);
});
afterAll(() => connection.close());

const shares = [
  { what: 'pairs of a schema and what edits make of it', of: related, share: 0.8 },
  { what: 'pairs of schemas that have little to do with each other', of: unrelated, share: 0.2 },
  { what: 'sequences of edits', of: sequence, share: 0.05 },
];

test.each(shares.map((one) => ({ ...one, runs: Math.ceil(pairs * one.share) })))(
  `$runs random $what lead there and back, seed ${seed}`,
  async ({ of, runs }) => {
    // What fails is made smaller as SQL, which gets further than dice can.
    for (const states of fc.sample(of, { seed, numRuns: runs })) {
      const message = await failureOf(states);
      if (message === null) continue;
      const small = await smaller(
        states,
        async (fewer) => sortOf(await failureOf(fewer)) === sortOf(message),
      );
      throw new Error(`TIDEMARK_RANDOM_SEED=${seed}\n${await asSql(small)}`);
    }
  },
  60_000 + pairs * 10_000,
);

async function failureOf(states: readonly Candidate[]): Promise<string | null> {
  const built = [];
  for (const state of states) built.push(await build(connection, state));
  try {
    await wander(connection, built);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** What a failure has in common with the same one of other names. */
function sortOf(message: string | null): string | null {
  return message === null ? null : message.split('\n')[0]!.replace(/"[^"]*"|\d+/g, '');
}

async function asSql(states: readonly Candidate[]): Promise<string> {
  const scripts = [];
  for (const state of states)
    scripts.push((await build(connection, state)).sql.map((sql) => `${sql};`).join('\n'));
  return `${scripts.join('\n-- becomes\n')}\n\n-- ${await failureOf(states)}`;
}
