import { afterAll, beforeAll, expect, it } from 'vitest';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { planBothWays } from '../../../src/schema/planner.js';
import { describeEachServer } from '../../support/postgres-server.js';
import { Playground, sqlOf } from './playground.js';

const SERVERS = `
  create foreign data wrapper w;
  create server s foreign data wrapper w options (host 'h');
  create server kept foreign data wrapper w options (host 'h', password 'hush1', "api-key" 'x', api_key 'hush2');
`;

/** Every text of a state and its plans; no secret may be in it. */
function everything(...values: readonly unknown[]): string {
  return JSON.stringify(values, (_key, value) => (value instanceof Map ? [...value.values()] : value));
}

describeEachServer(
  'secrets of foreign servers and their users',
  (server) => {
    let playground: Playground;
    beforeAll(async () => {
      playground = await Playground.open(server);
    });
    afterAll(() => playground.close());

    it('are never read, compared or written, and stay where they are', async () => {
      const wanted = await playground.stateOf(`${SERVERS}
        create user mapping for public server s options ("user" 'bob', password 'hush3', sslkey 'hush4', pin 'hush5');
        create user mapping for public server kept options (password 'hush6')`);
      await playground.run(`${SERVERS}
        alter server kept options (set host 'other', set password 'hush7');
        create user mapping for public server s options ("user" 'anna', password 'hush8');
        create user mapping for public server kept options (password 'hush9')`);
      const live = await playground.read();
      const { up, down } = planBothWays(live, wanted, postgresDialect);
      expect(everything(live, wanted, up, down)).not.toContain('hush');
      expect(sqlOf(up)).toEqual([
        `ALTER SERVER kept OPTIONS (SET host 'h')`,
        `ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (SET "user" 'bob')`,
      ]);
      await playground.migrate(wanted);
      const left = await playground.rows(
        'SELECT umoptions::text AS options FROM pg_user_mappings ORDER BY umid',
      );
      expect(left.map(({ options }) => options)).toEqual(['{user=bob,password=hush8}', '{password=hush9}']);
      await playground.clear();
    });

    it('go with what holds them only where that is agreed to, and are asked for where it comes', async () => {
      const empty = await playground.stateOf(
        'create foreign data wrapper w; create server s foreign data wrapper w',
      );
      const full = await playground.stateOf(
        `create foreign data wrapper w; create server s foreign data wrapper w;
         create user mapping for public server s options (password 'hush', "user" 'u')`,
      );
      const { up, down } = planBothWays(empty, full, postgresDialect);
      expect(sqlOf(up)).toEqual([`CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS ("user" 'u')`]);
      expect(up.steps[0]!.hazards).toMatchObject([{ code: 'secret-not-written', level: 'note' }]);
      expect(down.steps[0]!.hazards).toMatchObject([
        { code: 'drop-user-mapping', level: 'data-loss', subject: 's.public' },
      ]);
    });

    it('are no difference to a role that may not see the options', async () => {
      await playground.run(`${SERVERS}
        create user mapping for public server s options ("user" 'bob');
        create role nobody_special`);
      try {
        const whole = await playground.read();
        await playground.run('set role nobody_special');
        const part = await playground.read();
        await playground.run('reset role');
        expect(part.objects.get('user-mapping:s.public')!.props.options).toBeNull();
        const { up, down } = planBothWays(whole, part, postgresDialect);
        expect([...sqlOf(up), ...sqlOf(down)]).toEqual([]);
      } finally {
        await playground.run('reset role; drop role nobody_special');
        await playground.clear();
      }
    });
  },
  { embedded: true },
);
