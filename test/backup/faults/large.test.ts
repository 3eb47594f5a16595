import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { sqliteDriver } from '../../../src/database/sqlite-driver.js';
import { findPostgres } from '../../support/postgres-binaries.js';
import { startPostgres } from '../../support/postgres-process.js';
import { freshDatabase, query } from '../../support/postgres-server.js';
import { dumpableServers } from '../postgres/support/restore.js';
import { Place } from './support/place.js';

/*
 * Cases F14 (huge rows), F15 (many large objects), F16 (more tables than the server has locks for), F50 (SQLite beyond
 * its lock page). What takes gigabytes runs with TIDEMARK_TEST_LARGE=1 only; the rest with smaller numbers always.
 */

const large = process.env.TIDEMARK_TEST_LARGE === '1';
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const [server] = (await dumpableServers()).slice(-1);
describe.runIf(server !== undefined)('PostgreSQL', () => {
  async function open(seed: string): Promise<{ url: string; place: Place }> {
    if (server === undefined) throw new Error('no server');
    const { url, drop } = await freshDatabase(server);
    ends.push(drop);
    await query(url, seed);
    const place = new Place(url);
    ends.push(() => place.close());
    return { url, place };
  }

  test(`${large ? 100_000 : 2000} large objects come back`, { timeout: 900_000 }, async () => {
    const count = large ? 100_000 : 2000;
    const { url, place } = await open('CREATE TABLE a (n int); INSERT INTO a VALUES (1)');
    // Each is locked until the end of its transaction.
    for (let at = 1; at <= count; at += 1000) {
      await query(
        url,
        `SELECT lo_from_bytea(0, convert_to('object ' || n, 'UTF8')) FROM generate_series(${at}, ${at + 999}) n`,
      );
    }
    const sum = `SELECT count(*)::int AS n, md5(string_agg(md5(lo_get(oid)), '' ORDER BY oid)) AS md5
                 FROM pg_largeobject_metadata`;
    const before = await query(url, sum);
    expect(before).toMatchObject([{ n: count }]);
    const id = await place.good();
    const name = `${place.name}_again`;
    expect(await place.run(`backup restore ${id} --to-database ${name}`)).toMatchObject({ code: 0 });
    ends.push(async () => {
      await query(url, `DROP DATABASE ${name}`);
    });
    expect(await query(url.replace(/[^/]+$/, name), sum)).toEqual(before);
  });

  test.runIf(large)('a row of more than 1 GB as text makes no backup, and it is said why', async () => {
    const { place, url } = await open('CREATE TABLE fits (n int); INSERT INTO fits VALUES (1)');
    await place.good();
    await query(
      url,
      `CREATE TABLE huge (body bytea); ALTER TABLE huge ALTER body SET STORAGE EXTERNAL;
       INSERT INTO huge SELECT convert_to(repeat('x', 600000000), 'UTF8')`,
    );
    const failed = await place.run('backup create');
    expect(failed).toMatchObject({ code: 1, error: { code: 'client-failed' } });
    expect(failed.text).toContain('more than 1 GB as text');
    expect(await place.run('backup create --exclude-table-data public.huge')).toMatchObject({ code: 0 });
  });

  test.runIf(large)('a value of 255 MB comes back', { timeout: 900_000 }, async () => {
    const { place, url } = await open(
      `CREATE TABLE huge (n int, body bytea); ALTER TABLE huge ALTER body SET STORAGE EXTERNAL;
       INSERT INTO huge SELECT 1, convert_to(repeat('0123456789abcdef', 16711680), 'UTF8')`,
    );
    const id = await place.good();
    expect(await place.run(`backup verify ${id} --level 3`)).toMatchObject({ code: 0 });
    const name = `${place.name}_again`;
    expect(await place.run(`backup restore ${id} --to-database ${name}`)).toMatchObject({ code: 0 });
    ends.push(async () => {
      await query(url, `DROP DATABASE ${name}`);
    });
    const sum = 'SELECT length(body) AS bytes, md5(body) AS md5 FROM huge';
    expect(await query(url.replace(/[^/]+$/, name), sum)).toEqual(await query(url, sum));
  });

  test('more tables than the server has locks for: it is said which setting', {
    timeout: 600_000,
  }, async () => {
    const binaries = findPostgres().find(({ major }) => String(major) === server?.name);
    if (binaries === undefined) throw new Error('no server');
    // Room for about 200 tables, with what a server has to spare about 3,000.
    const running = await startPostgres(binaries, { max_locks_per_transaction: '10', max_connections: '20' });
    ends.push(() => running.stop());
    const tables = large ? 10_000 : 6000;
    for (let at = 1; at <= tables; at += 100) {
      await query(
        running.url,
        `DO $$ BEGIN FOR n IN ${at} .. ${Math.min(tables, at + 99)} LOOP
           EXECUTE format('CREATE TABLE t%s (n int)', n); EXECUTE format('INSERT INTO t%s VALUES (1)', n);
         END LOOP; END $$`,
      );
    }
    const place = new Place(running.url);
    ends.push(() => place.close());
    const failed = await place.run('backup create');
    expect(failed.code).toBe(1);
    expect(failed.text).toContain('max_locks_per_transaction');
    expect(failed.text).toMatch(/out of shared memory|room for so many locks/);
    expect(place.complete()).toEqual([]);
    expect(place.entries().filter((name) => name.startsWith('.partial'))).toEqual([]);
  });
});

test.runIf(large)('SQLite beyond the page of its locks, at 1 GiB', { timeout: 900_000 }, async () => {
  const place = new Place('sqlite:app.db');
  ends.push(() => place.close());
  const file = join(place.folder, 'app.db');
  const database = (await sqliteDriver()).open(file);
  database.exec('CREATE TABLE a (n INTEGER PRIMARY KEY, body BLOB)');
  // Left of the page that is never used, on both sides of it, and right of it.
  for (let n = 1; n <= 11; n++) database.exec(`INSERT INTO a VALUES (${n}, randomblob(100000000))`);
  database.close();
  const id = await place.good();
  expect(await place.run(`backup verify ${id} --level 3`)).toMatchObject({ code: 0 });
  expect(await place.run(`backup restore ${id} --to-database again.db`)).toMatchObject({ code: 0 });
  const sum = (path: string) =>
    spawnSync(process.execPath, [
      '-e',
      `const { createHash } = require('node:crypto'); let sqlite; try { sqlite = require('node:sqlite'); } catch {}
       const open = () => sqlite ? new sqlite.DatabaseSync(process.argv[1]) : new (require('better-sqlite3'))(process.argv[1]);
       const hash = createHash('sha256'); const db = open();
       for (let n = 1; n <= 11; n++) hash.update(db.prepare('SELECT body FROM a WHERE n = ?').get(n).body);
       console.log(hash.digest('hex'));`,
      path,
    ]).stdout.toString();
  expect(sum(file)).toMatch(/^[0-9a-f]{64}/);
  expect(sum(join(place.folder, 'again.db'))).toBe(sum(file));
});
