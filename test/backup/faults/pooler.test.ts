import { afterEach, describe, expect, test } from 'vitest';
import { freshDatabase, query } from '../../support/postgres-server.js';
import { dumpableServers } from '../postgres/support/restore.js';
import { Place } from './support/place.js';
import { TransactionPooler } from './support/transaction-pooler.js';

/* Case F13: a pooler that gives every transaction another session. */

const [server] = (await dumpableServers()).filter(({ name }) => name === '15');
describe.runIf(server !== undefined)('a pooler in transaction mode', () => {
  const ends: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  test('is told of, before anything is made or locked', async () => {
    if (server === undefined) throw new Error('no server');
    const { url, drop } = await freshDatabase(server);
    ends.push(drop);
    await query(url, 'CREATE TABLE a (n int); INSERT INTO a SELECT generate_series(1, 100)');
    const place = new Place(url);
    ends.push(() => place.close());
    const id = await place.good();
    const pooler = new TransactionPooler(url);
    const through = await pooler.start();
    ends.push(() => pooler.stop());
    // It is one: the same client meets several sessions.
    const { Client } = await import('pg');
    const client = new Client({ connectionString: through });
    await client.connect();
    const pids = new Set<unknown>();
    for (let n = 0; n < 3; n++) pids.add((await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);
    await client.end();
    expect(pids.size).toBe(3);

    place.configure(through);
    for (const line of [
      'backup create',
      `backup restore ${id} --yes`,
      `backup restore ${id} --to-database x`,
    ]) {
      expect(await place.run(line)).toMatchObject({ code: 1, error: { code: 'transaction-pooler' } });
    }
    // Others of these tests may be restoring on the same server.
    const locks = await query(
      url,
      `SELECT l.* FROM pg_locks l JOIN pg_database d ON d.oid = l.database
       WHERE l.locktype = 'advisory' AND d.datname = current_database()`,
    );
    expect(locks).toEqual([]);
    place.configure(url);
    expect(await query(url, 'SELECT count(*)::int AS n FROM a')).toEqual([{ n: 100 }]);
    await place.holds();
  });
});
