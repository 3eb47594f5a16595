import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Connection, EngineName } from '../../src/database/connection.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../src/database/database-url.js';
import type { DevDatabase } from '../../src/database/dev-database.js';
import { openDevDatabase } from '../../src/database/open-dev-database.js';
import { isScratchName, scratchName } from '../../src/database/scratch-name.js';
import { describeOldestAndNewest, query, withDatabase } from '../support/postgres-server.js';
import { runChild } from './support/child.js';

const parse = (text: string) => parseDatabaseUrl(text) as PostgresUrl;
const scratchDatabases = async (admin: string) =>
  (
    await query(
      admin,
      "SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'tidemark\\_dev%' ORDER BY 1",
    )
  ).map((row) => row.name);

describeOldestAndNewest(
  'a dev database',
  (server) => {
    const open = async () =>
      openDevDatabase({
        engine: 'postgres',
        ...(server.embedded ? {} : { dev: 'server', target: parse(await server.adminUrl()) }),
      });
    const using = async (work: (dev: DevDatabase) => Promise<void>) => {
      const dev = await open();
      try {
        await work(dev);
      } finally {
        await dev.close();
      }
    };
    const tables = (connection: Connection) =>
      connection.query(
        "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace",
      );

    test.each([false, true])('is empty each time, whatever was done in it (transaction: %s)', (transaction) =>
      using(async (dev) => {
        for (let round = 0; round < 3; round += 1) {
          await dev.scratch(
            async (c) => {
              expect(await tables(c)).toEqual([]);
              expect(
                await c.query("SELECT current_setting('search_path') AS p, current_schema()::text AS s"),
              ).toEqual([{ p: '"$user", public', s: 'public' }]);
              await c.executeAll([
                'CREATE EXTENSION pg_trgm',
                'CREATE TABLE t (a int)',
                'SET search_path = nowhere',
                'CREATE TEMP TABLE x ()',
                'PREPARE p AS SELECT 1',
              ]);
            },
            { transaction },
          );
        }
      }),
    );

    test('runs outside a transaction what must be, without the option', () =>
      using(async (dev) => {
        await dev.scratch((c) =>
          c.executeAll(['CREATE TABLE t (a int)', 'CREATE INDEX CONCURRENTLY ON t (a)', 'VACUUM']),
        );
      }));

    test.each<[string, string[]]>([
      ['commits', ['CREATE TABLE stays ()', 'COMMIT']],
      ['commits and begins again', ['CREATE TABLE stays ()', 'COMMIT', 'BEGIN', 'CREATE TABLE u ()']],
      ['commits and chains', ['CREATE TABLE stays ()', 'COMMIT AND CHAIN']],
      ['rolls back', ['ROLLBACK', 'CREATE TABLE stays ()']],
      ['commits and then fails', ['CREATE TABLE stays ()', 'COMMIT', 'BEGIN', 'SELECT 1/0']],
      ['takes the witness away', ['RELEASE SAVEPOINT tidemark_scratch']],
    ])('work in a transaction that %s leaves nothing for the next', (_, statements) =>
      using(async (dev) => {
        await dev.scratch((c) => c.executeAll(statements), { transaction: true }).catch(() => {});
        await dev.scratch(async (c) => expect(await tables(c)).toEqual([]), { transaction: true });
      }),
    );

    test('hands on what the work returned or threw, and goes on', () =>
      using(async (dev) => {
        for (const transaction of [true, false]) {
          expect(await dev.scratch(async () => 42, { transaction })).toBe(42);
          await expect(
            dev.scratch((c) => c.executeAll(['SELECT 1', 'SELECT 1/0']), { transaction }),
          ).rejects.toMatchObject({ sqlstate: '22012', statement: 1 });
          await expect(dev.scratch(() => Promise.reject(undefined), { transaction })).rejects.toBeUndefined();
          expect(await dev.scratch(async () => undefined, { transaction })).toBeUndefined();
        }
        await expect(dev.scratch(() => dev.scratch(async () => 1))).rejects.toThrow('nested');
      }));

    test('says what it is before and after it is used', () =>
      using(async (dev) => {
        const { fingerprint } = dev;
        await dev.scratch(async (c) => expect(c.versionNumber).toBe(dev.engineVersion), {
          transaction: true,
        });
        expect(dev.label).toMatch(
          server.embedded ? /^embedded PostgreSQL 18\.\d+$/ : /^scratch databases on 127\.0\.0\.1:\d+$/,
        );
        const again = await open();
        expect([dev.fingerprint, again.fingerprint]).toEqual([fingerprint, fingerprint]);
        await again.close();
      }));
  },
  { embedded: true },
);

describeOldestAndNewest('scratch databases on a server', (server) => {
  test('are dropped, and the named database is not touched', () =>
    withDatabase(server, async (url) => {
      const admin = await server.adminUrl();
      for (const dev of ['server', url]) {
        const database = await openDevDatabase({
          engine: 'postgres',
          dev: dev === 'server' ? dev : parse(dev),
          target: parse(url),
        });
        for (const transaction of [true, false]) {
          await database.scratch(
            async (c) => {
              const [row] = await c.query<{ d: string }>('SELECT current_database()::text AS d');
              expect(isScratchName(row?.d ?? '')).toBe(true);
              await c.executeAll(['CREATE TABLE t ()']);
            },
            { transaction },
          );
        }
        await database.close();
      }
      expect(await query(url, "SELECT to_regclass('t') AS t")).toEqual([{ t: null }]);
      expect(await scratchDatabases(admin)).toEqual([]);
    }));

  test('of a killed run are dropped by the next; those in use and everything else are not', async () => {
    const admin = await server.adminUrl();
    const url = JSON.stringify(admin);
    const child = runChild(`
      const { parseDatabaseUrl } = await load('database/database-url.ts');
      const { openServerDev } = await load('database/server-dev-database.ts');
      const dev = await openServerDev(parseDatabaseUrl(${url}));
      await dev.scratch(async (c) => {
        say((await c.query('SELECT current_database()::text AS d'))[0].d);
        await new Promise(() => setInterval(() => {}, 1000));
      });`);
    const left = JSON.parse(await child.line()) as string;
    const users = [
      `tidemark_dev_mine_${randomBytes(3).toString('hex')}`,
      `${left.slice(0, -1)}${left.endsWith('0') ? '1' : '0'}`,
    ];
    for (const name of users) await query(admin, `CREATE DATABASE ${name}`);
    try {
      const meanwhile = await openDevDatabase({ engine: 'postgres', dev: parse(admin) });
      await meanwhile.close();
      expect(await scratchDatabases(admin)).toContain(left);

      child.process.kill('SIGKILL');
      await child.end();
      while ((await query(admin, 'SELECT FROM pg_stat_activity WHERE datname = $1', [left])).length > 0);
      while ((await query(admin, "SELECT FROM pg_locks WHERE locktype = 'advisory'")).length > 0);
      const next = await openDevDatabase({ engine: 'postgres', dev: parse(admin) });
      await next.close();
      expect(await scratchDatabases(admin)).toEqual([...users].sort());
    } finally {
      for (const name of users) await query(admin, `DROP DATABASE ${name}`);
    }
  });

  test('need the right to make them, and the error says how', async () => {
    const admin = await server.adminUrl();
    const role = `r_${randomBytes(5).toString('hex')}`;
    await query(admin, `CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
    const dev = await openDevDatabase({
      engine: 'postgres',
      dev: parse(`postgres://${role}:pw@${new URL(admin).host}/postgres`),
    });
    try {
      await expect(dev.scratch(async () => 1)).rejects.toMatchObject({
        code: 'dev-not-allowed',
        exitCode: 4,
        hints: [expect.stringContaining('CREATEDB'), expect.stringContaining('embedded')],
      });
    } finally {
      await dev.close();
      await query(admin, `DROP ROLE ${role}`);
    }
  });
});

describe('the setting', () => {
  test.each<[EngineName, string, string | undefined, RegExp]>([
    ['postgres', 'server', undefined, /no PostgreSQL server as its url/],
    ['postgres', 'server', 'pglite:x', /no PostgreSQL server as its url/],
    ['postgres', 'sqlite:memory', undefined, /names a SQLite database/],
    ['postgres', 'pglite:/tmp/x', undefined, /^dev names \/tmp\/x, and nothing is tried out in a file/],
    ['sqlite', 'pglite:/tmp/x', undefined, /^dev names \/tmp\/x/],
    ['sqlite', 'sqlite:/tmp/x.db', 'sqlite:/tmp/x.db', /^dev names \/tmp\/x\.db/],
  ])('%s with dev %s and the target %s fits nothing', async (engine, dev, target, message) => {
    const given = openDevDatabase({
      engine,
      dev: dev === 'server' ? dev : parse(dev),
      target: target === undefined ? undefined : parse(target),
    });
    await expect(given).rejects.toMatchObject({
      code: 'dev-invalid',
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });
  test.each([
    ['postgres', 'pglite:memory'],
    ['sqlite', 'sqlite:memory'],
    ['sqlite', 'postgres://nowhere.invalid/x'],
  ] as const)('%s with dev %s is in memory', async (engine, dev) => {
    const database = await openDevDatabase({ engine, dev: parse(dev) });
    expect(database.label).toMatch(engine === 'sqlite' ? /^SQLite .* in memory/ : /^embedded PostgreSQL/);
    await database.close();
  });
});

test('scratch names are told from all others', () => {
  const name = scratchName();
  expect(name.length).toBeLessThan(64);
  expect(isScratchName(name)).toBe(true);
  expect(new Set(Array.from({ length: 100 }, () => scratchName())).size).toBe(100);
  for (const other of [
    'tidemark_dev',
    'tidemark_dev_1',
    `${name}x`,
    `x${name}`,
    name.toUpperCase(),
    name.replace(/_\d+_/, '_1_'),
    name.slice(0, -1),
  ]) {
    expect(isScratchName(other), other).toBe(false);
  }
});

// Last, because it keeps the event loop busy for so long that idle connections of the test are closed meanwhile.
test('the embedded one takes 5,000 tables in one transaction, and is empty after it', async () => {
  const dev = await openDevDatabase({ engine: 'postgres' });
  const count = (c: Connection) =>
    c.query("SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'public'::regnamespace");
  const tables = Array.from(
    { length: 5000 },
    (_, i) => `CREATE TABLE t${i} (id int PRIMARY KEY, a text UNIQUE)`,
  );
  try {
    await dev.scratch(
      async (c) => {
        await c.executeAll(tables);
        expect(await count(c)).toEqual([{ n: 15_000 }]);
      },
      { transaction: true },
    );
    await dev.scratch(async (c) => expect(await count(c)).toEqual([{ n: 0 }]), { transaction: true });
  } finally {
    await dev.close();
  }
}, 600_000);
