import { expect, test } from 'vitest';
import { type PostgresUrl, parseDatabaseUrl } from '../../src/database/database-url.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { scratchName } from '../../src/database/scratch-name.js';
import { openServerDev } from '../../src/database/server-dev-database.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { missingRole } from '../../src/postgres/missing-role.js';
import { describeEachServer, query } from '../support/postgres-server.js';

const SCRIPT = (name: string, more = '') => `
  CREATE TABLE t (a int);
  GRANT SELECT ON t TO ${name};
  ALTER TABLE t OWNER TO ${name};
  ${more}`;
const OUTSIDE = 'CREATE INDEX CONCURRENTLY i ON t (a);';

test('an error that names a role is understood, and no other', () => {
  const undefinedObject = (message: string) => missingRole({ sqlstate: '42704', message });
  expect(undefinedObject('role "app" does not exist')).toBe('app');
  expect(undefinedObject('role "a"b c" does not exist')).toBe('a"b c');
  expect(undefinedObject('type "app" does not exist')).toBeUndefined();
  expect(missingRole({ sqlstate: '22023', message: 'role "app" does not exist' })).toBeUndefined();
});

test('the embedded dev database gets the roles that SQL names', async () => {
  const bench = new Workbench({ dialect: postgresDialect, openDev: async () => openEmbeddedDev() });
  try {
    for (const more of ['', OUTSIDE]) {
      const files = [{ name: 'schema.sql', sql: SCRIPT('"o""dd"', `${more} GRANT SELECT ON t TO other;`) }];
      const state = await bench.readScripts(files);
      expect([...state.objects.keys()]).toContain('table:public.t');
    }
    expect(bench.notes).toEqual([
      'the SQL names the role o"dd and does not create it: it was made on the dev database, and has to be there wherever the SQL runs',
      'the SQL names the role other and does not create it: it was made on the dev database, and has to be there wherever the SQL runs',
    ]);
  } finally {
    await bench.close();
  }
});

describeEachServer('scratch databases', (server) => {
  const roles = async (admin: string, name: string) =>
    query(admin, 'SELECT rolname FROM pg_roles WHERE rolname = $1', [name]);

  test.each([
    ['a transaction', ''],
    ['none', OUTSIDE],
  ])('leave no role on the server that was not there, in %s', async (words, more) => {
    const admin = await server.adminUrl();
    const name = `tm scratch "${words}`;
    const quoted = `"${name.replaceAll('"', '""')}"`;
    const bench = new Workbench({
      dialect: postgresDialect,
      openDev: () => openServerDev(parseDatabaseUrl(admin) as PostgresUrl),
    });
    try {
      const read = () =>
        bench.readScripts([{ name: 'schema.sql', sql: `${SCRIPT(quoted, more)} -- ${Math.random()}` }]);
      await read();
      expect(await roles(admin, name)).toEqual([]);
      // One that is there stays.
      await query(admin, `CREATE ROLE ${quoted}`);
      await read();
      expect(await roles(admin, name)).toHaveLength(1);
    } finally {
      await bench.close();
      await query(admin, `DROP ROLE IF EXISTS ${quoted}`);
    }
  });

  test('and drop those that a killed run left', async () => {
    const admin = await server.adminUrl();
    const comment = 'made by Tidemark for the scratch database ';
    const [role, other] = [`tm_left_${server.name}`, `tm_kept_${server.name}`];
    await query(admin, `CREATE ROLE ${role}; COMMENT ON ROLE ${role} IS '${comment}${scratchName()}'`);
    await query(admin, `CREATE ROLE ${other}; COMMENT ON ROLE ${other} IS '${comment}x y'`);
    try {
      await (await openServerDev(parseDatabaseUrl(admin) as PostgresUrl)).close();
      expect(await roles(admin, role)).toEqual([]);
      expect(await roles(admin, other)).toHaveLength(1);
    } finally {
      await query(admin, `DROP ROLE IF EXISTS ${role}; DROP ROLE ${other}`);
    }
  });
});
