import { expect, test } from 'vitest';
import { describeEachServer, freshDatabase, query, servers, withDatabase } from './postgres-server.js';

test('the oldest and the newest supported version are here, or those asked for', () => {
  const asked = process.env.TIDEMARK_TEST_SERVERS?.split(',') ?? ['13', '18'];
  expect(servers().map((server) => server.name)).toEqual(expect.arrayContaining(asked));
});

describeEachServer('a test server', (server) => {
  test('is the version it says, and a superuser can use its extensions', () =>
    withDatabase(server, async (url) => {
      const [row] = await query(
        url,
        `SELECT current_setting('server_version_num')::int / 10000 AS major,
                (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS super,
                EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') AS vector`,
      );
      expect(row).toEqual({ major: Number(server.name), super: true, vector: server.hasVector });
      await query(url, 'CREATE EXTENSION pg_trgm; CREATE EXTENSION citext; CREATE EXTENSION "uuid-ossp"');
    }));

  test('checks passwords', async () => {
    const url = new URL(await server.adminUrl());
    url.password = 'wrong';
    await expect(query(url.href, 'SELECT')).rejects.toThrow('password authentication failed');
  });

  test('gives each test an empty database and drops it, open connections or not', async () => {
    const one = await freshDatabase(server);
    const two = await freshDatabase(server);
    await query(one.url, 'CREATE TABLE t ()');
    expect(await query(two.url, "SELECT to_regclass('t') AS t")).toEqual([{ t: null }]);
    const open = query(one.url, 'SELECT pg_sleep(60)').catch((error: Error) => error);
    await one.drop();
    await two.drop();
    expect(await open).toBeInstanceOf(Error);
    const left = await query(await server.adminUrl(), 'SELECT FROM pg_database WHERE datname = ANY ($1)', [
      [one.url, two.url].map((url) => new URL(url).pathname.slice(1)),
    ]);
    expect(left).toEqual([]);
  });
});
