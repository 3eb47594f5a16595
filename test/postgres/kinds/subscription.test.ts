import { afterAll, beforeAll, expect, it } from 'vitest';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { planBothWays } from '../../../src/schema/planner.js';
import { describeEachServer } from '../../support/postgres-server.js';
import { Playground, sqlOf } from './playground.js';

/** The embedded engine has none: it lacks the library that talks to a publisher. */
describeEachServer('subscriptions', (server) => {
  const since = (version: number, option: string): string => (Number(server.name) >= version ? option : '');
  let playground: Playground;
  beforeAll(async () => {
    playground = await Playground.open(server);
  });
  afterAll(() => playground.close());

  it('come and go without a word to the publisher, and without their connection', async () => {
    const { state, plan } = await playground.roundTrip(`
      create subscription s connection 'host=secret.invalid password=hush' publication a with (connect = false);
      create subscription "We;ird "".S" connection 'host=secret.invalid' publication "P 1", b
        with (connect = false, slot_name = none, synchronous_commit = local
          ${since(14, ', binary = true, streaming = on')} ${since(15, ', two_phase = true, disable_on_error = true')}
          ${since(16, ', origin = none, password_required = false, run_as_owner = true')});
      comment on subscription s is 'it''s';`);
    expect(JSON.stringify([[...state.objects.values()], plan])).not.toMatch(/hush|secret\.invalid/);
    expect(sqlOf(plan)).toContain(`CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION a WITH (connect = false)`);
  });

  it('change in place', async () => {
    const before = await playground.stateOf(
      `create subscription s connection '' publication a, b with (connect = false);
       create subscription t connection '' publication a with (connect = false, slot_name = other ${since(14, ', binary = true')})`,
    );
    const after = await playground.stateOf(
      `create subscription s connection '' publication b, "C" with (connect = false, slot_name = renamed);
       create subscription t connection '' publication a with (connect = false, slot_name = none
         ${since(14, ', streaming = off')} ${since(16, ', origin = none')})`,
    );
    await playground.migrate(before);
    await playground.rows(`SELECT 1`);
    const plan = await playground.migrate(after);
    expect(plan.steps.map(({ action, object }) => `${action} ${object}`)).toEqual([
      'alter subscription:s',
      'alter subscription:t',
    ]);
    await playground.migrate(before);
    await playground.clear();
  });

  it('lose their place in the stream when they go, which has to be agreed to', async () => {
    const empty = await playground.stateOf('');
    const full = await playground.stateOf(
      `create subscription s connection '' publication a with (connect = false)`,
    );
    const { up, down } = planBothWays(empty, full, postgresDialect);
    expect(up.steps[0]!.hazards).toMatchObject([{ code: 'subscription-not-connected', level: 'note' }]);
    expect(down.steps[0]!.hazards).toMatchObject([
      { code: 'drop-subscription', level: 'data-loss', subject: 's' },
    ]);
  });

  it('can be read by anybody', async () => {
    await playground.run(`create subscription s connection '' publication a with (connect = false);
      comment on subscription s is 'x'; create role "any""one"`);
    try {
      const whole = await playground.read();
      await playground.run('set role "any""one"');
      const part = await playground.read();
      expect([...part.objects.keys()]).toEqual([...whole.objects.keys()]);
      expect(whole.objects.has('comment:subscription:s')).toBe(true);
    } finally {
      await playground.run('reset role; drop role "any""one"');
      await playground.clear();
    }
  });
});
