import { afterAll, beforeAll, expect, it } from 'vitest';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { planStatements } from '../../../src/schema/plan.js';
import { planChanges } from '../../../src/schema/planner.js';
import { likelyRenames } from '../../../src/schema/rename.js';
import { embedded } from '../../support/postgres-server.js';
import { Playground } from './playground.js';

let playground: Playground;
beforeAll(async () => {
  playground = await Playground.open(embedded());
});
afterAll(() => playground.close());

const PARTITIONED = `CREATE TABLE p (a int, note text) PARTITION BY LIST (a);
  CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
  CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);`;

it('a renamed column of a partitioned table is asked about once', async () => {
  const from = await playground.stateOf(PARTITIONED);
  const to = await playground.stateOf(PARTITIONED.replace('note', 'notes'));
  expect(likelyRenames(from, to, postgresDialect).map(({ before }) => before.id)).toEqual([
    'column:public.p.note',
  ]);
});

it('a detaching that was interrupted is brought to its end', async () => {
  await playground.clear();
  const apart = await playground.stateOf(
    `${PARTITIONED} ALTER TABLE p DETACH PARTITION p1; ALTER TABLE p DETACH PARTITION p2`,
  );
  const whole = await playground.stateOf(PARTITIONED);
  for (const wanted of [apart, whole]) {
    await playground.clear();
    await playground.run(PARTITIONED);
    await playground.run(`INSERT INTO p VALUES (1, 'x')`);
    // What is left when DETACH CONCURRENTLY is interrupted between its two transactions.
    await playground.run(
      `SET allow_system_table_mods = on; UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'p1'::regclass; RESET allow_system_table_mods`,
    );
    const plan = planChanges(await playground.read(), wanted, postgresDialect);
    expect(planStatements(plan)).toContain('ALTER TABLE p DETACH PARTITION p1 FINALIZE');
    await playground.run(planStatements(plan).join(';\n'));
    expect(planStatements(planChanges(await playground.read(), wanted, postgresDialect))).toEqual([]);
    expect(await playground.rows('SELECT a, note FROM p1')).toEqual([{ a: 1, note: 'x' }]);
  }
});
