import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/database/connection.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openEmbeddedDev } from '../../../src/database/embedded-dev-database.js';
import { openServerDev } from '../../../src/database/server-dev-database.js';
import { planBetween } from '../../../src/planning/plan-between.js';
import type { StateSource } from '../../../src/planning/state-source.js';
import { Workbench } from '../../../src/planning/workbench.js';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { readSchema } from '../../../src/postgres/read-catalog.js';
import { diffSchemas } from '../../../src/schema/diff.js';
import { planHazards, planStatements } from '../../../src/schema/plan.js';
import { planChanges } from '../../../src/schema/planner.js';
import { servers } from '../../support/postgres-server.js';

const filter = { exclude: [], withKinds: ['role', 'role-membership', 'role-setting'] };
const open = async () => {
  throw new Error('no database is asked');
};

const FULL = `
  CREATE ROLE "we;ird ""%s" LOGIN CREATEDB CONNECTION LIMIT 3 VALID UNTIL '2031-02-03 04:05:06.5+01' PASSWORD 'hidden';
  CREATE ROLE readers NOINHERIT;
  CREATE ROLE public_ REPLICATION BYPASSRLS CREATEROLE SUPERUSER;
  GRANT readers TO "we;ird ""%s" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE;
  GRANT pg_read_all_data TO readers;
  ALTER ROLE readers SET search_path TO "$user", "a b", public;
  ALTER ROLE "we;ird ""%s" SET app.motto TO '100% "sure"';
  ALTER ROLE readers SET app.jwt_secret TO 'hidden';
  DO $$ BEGIN EXECUTE format('ALTER ROLE readers IN DATABASE %I SET work_mem TO %L', current_database(), '8MB'); END $$;
  CREATE TABLE t (a int);
  GRANT SELECT ON t TO readers;
  ALTER TABLE t OWNER TO "we;ird ""%s";
  CREATE POLICY p ON t TO readers USING (true);`;
const OTHER = `
  CREATE ROLE "we;ird ""%s" NOLOGIN;
  CREATE ROLE readers LOGIN;
  GRANT "we;ird ""%s" TO readers;
  GRANT readers TO CURRENT_USER;
  ALTER ROLE readers SET search_path TO 'b';
  CREATE TABLE t (a int);`;

describe('roles, for those who ask', () => {
  const bench = new Workbench({ dialect: postgresDialect, filter, openDev: async () => openEmbeddedDev() });
  afterAll(() => bench.close());
  const state = (sql: string): StateSource =>
    sql === ''
      ? { type: 'empty', label: 'nothing' }
      : { type: 'scripts', label: 's', files: [{ name: 's.sql', sql }] };
  const plan = (from: string, to: string) => planBetween(bench, state(from), state(to), { open });

  test.each([
    ['made from nothing', '', FULL],
    ['changed', OTHER, FULL],
    ['changed the other way', FULL, OTHER],
  ])('are %s, and back', async (_, from, to) => {
    // Planning proves both ways.
    const { up, down } = await plan(from, to);
    expect(up.steps.length).toBeGreaterThan(3);
    expect(JSON.stringify([up, down])).not.toContain('hidden');
  });

  test('lose their password with a word, and are made without one with a word', async () => {
    const { up, down } = await plan('', 'CREATE ROLE app LOGIN');
    expect(planStatements(up)).toContain('CREATE ROLE app LOGIN');
    expect(planHazards(up)).toMatchObject([{ code: 'secret-not-written', level: 'note', subject: 'app' }]);
    expect(planHazards(down)).toMatchObject([{ code: 'drop-role', level: 'data-loss', subject: 'app' }]);
  });

  test('are none that SQL only names', async () => {
    const { to } = await plan('', 'CREATE TABLE t (a int); GRANT SELECT ON t TO somebody');
    expect([...to.objects.keys()].filter((id) => id.startsWith('role:'))).toEqual([]);
  });

  test('are not read otherwise', async () => {
    const plain = new Workbench({ dialect: postgresDialect, openDev: async () => openEmbeddedDev() });
    try {
      const schema = await plain.readScripts([{ name: 's.sql', sql: 'CREATE ROLE app' }]);
      expect([...schema.objects.keys()]).toEqual(['schema:public']);
    } finally {
      await plain.close();
    }
  });
});

const [server] = servers();
test.runIf(server !== undefined)('roles are never made on a server for trying SQL out', async () => {
  const url = parseDatabaseUrl(await server!.adminUrl()) as PostgresUrl;
  const bench = new Workbench({ dialect: postgresDialect, filter, openDev: () => openServerDev(url) });
  await expect(bench.readScripts([{ name: 's.sql', sql: 'CREATE ROLE app' }])).rejects.toMatchObject({
    code: 'dev-not-allowed',
    exitCode: 2,
  });
});

describe.each(servers())('roles on PostgreSQL $name', (server) => {
  let connection: Connection;
  beforeAll(async () => {
    const { connectPostgres } = await import('../../../src/database/postgres-server.js');
    connection = await connectPostgres(parseDatabaseUrl(await server.adminUrl()) as PostgresUrl);
  });
  afterAll(() => connection.close());

  test('are made, changed and dropped as planned, in a transaction that never ends', async () => {
    const read = () => readSchema(connection, { ...filter, include: ['role:tm_r_*'] });
    const run = async (statements: readonly string[]) => connection.executeAll(statements);
    await run(['BEGIN']);
    try {
      const none = await read();
      const options =
        connection.versionNumber >= 160000 ? 'WITH ADMIN TRUE, INHERIT FALSE' : 'WITH ADMIN OPTION';
      await run([
        `CREATE ROLE tm_r_a LOGIN VALID UNTIL 'infinity'`,
        'CREATE ROLE tm_r_b NOINHERIT',
        `GRANT tm_r_a TO tm_r_b ${options}`,
        `ALTER ROLE tm_r_a SET search_path TO ''`,
      ]);
      const full = await read();
      expect([...full.objects.keys()].filter((id) => id !== 'schema:public')).toHaveLength(4);
      await run(planStatements(planChanges(full, none, postgresDialect)));
      expect(diffSchemas(await read(), none, postgresDialect)).toEqual([]);
      await run(planStatements(planChanges(none, full, postgresDialect)));
      expect(diffSchemas(await read(), full, postgresDialect)).toEqual([]);
      await run([
        'REVOKE ADMIN OPTION FOR tm_r_a FROM tm_r_b',
        'ALTER ROLE tm_r_a NOLOGIN CONNECTION LIMIT 2',
      ]);
      await run(planStatements(planChanges(await read(), full, postgresDialect)));
      expect(diffSchemas(await read(), full, postgresDialect)).toEqual([]);
    } finally {
      await run(['ROLLBACK']);
    }
  });
});
