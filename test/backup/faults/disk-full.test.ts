import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sqliteDriver } from '../../../src/database/sqlite-driver.js';
import { findPostgres } from '../../support/postgres-binaries.js';
import { startPostgres } from '../../support/postgres-process.js';
import { freshDatabase, query } from '../../support/postgres-server.js';
import { dumpableServers } from '../postgres/support/restore.js';
import { Place } from './support/place.js';

/*
 * Case F4: no room left, at several points of a backup: in the first bytes, in the middle, near the end, in the
 * manifest. On a file system of a few megabytes, which only root may make; elsewhere these tests count as skipped.
 */

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && tryMount();
if (!canMount) console.warn('disk full: skipped, only root can make a small file system');
const MEGABYTE = 1_048_576;

function tryMount(): boolean {
  const probe = spawnSync('sh', [
    '-c',
    'd=$(mktemp -d) && mount -t tmpfs -o size=1m none "$d" && umount "$d" && rmdir "$d"',
  ]);
  return probe.status === 0;
}

const [server] = (await dumpableServers()).slice(-1);
const engines = ['sqlite', ...(server === undefined ? [] : ['postgres'])];

describe.runIf(canMount).each(engines)('no room left, on %s', (engine) => {
  let place: Place;
  let drop: () => Promise<void>;
  let disk: string;
  beforeEach(async () => {
    drop = async () => {};
    if (engine === 'sqlite') place = new Place('sqlite:app.db');
    else {
      if (server === undefined) throw new Error('no server');
      const database = await freshDatabase(server);
      drop = database.drop;
      place = new Place(database.url);
      await query(
        database.url,
        `CREATE TABLE a (n int, body text); INSERT INTO a
         SELECT n, string_agg(md5(random()::text), '') FROM generate_series(1, 1500) n, generate_series(1, 60) GROUP BY n`,
      );
    }
    if (engine === 'sqlite') {
      const database = (await sqliteDriver()).open(join(place.folder, 'app.db'));
      database.exec(`CREATE TABLE a (n INTEGER PRIMARY KEY, body BLOB);
        WITH RECURSIVE k (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM k WHERE n < 1500)
        INSERT INTO a SELECT n, randomblob(1000) FROM k`);
      database.close();
    }
    disk = join(place.folder, 'backups');
    mkdirSync(disk, { mode: 0o700 });
  });
  afterEach(async () => {
    spawnSync('umount', ['-l', disk]);
    place.close();
    await drop();
  });

  const mount = (bytes: number) => {
    const { status, stderr } = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=${bytes},mode=700`,
      'none',
      disk,
    ]);
    if (status !== 0) throw new Error(String(stderr));
  };
  const resize = (bytes: number) => spawnSync('mount', ['-o', `remount,size=${bytes}`, disk]);

  test('at several points: no backup, said so, nothing left, the older one whole, and then it works', async () => {
    mount(64 * MEGABYTE);
    await place.good();
    const used = spawnSync('du', ['-sb', disk], { encoding: 'utf8' });
    const one = Number(used.stdout.split('\t')[0]);
    const taken = Math.ceil(one / 4096) * 4096 + 8 * 4096;
    for (const part of [0.01, 0.3, 0.6, 0.9, 0.97]) {
      resize(Math.floor(taken + one * part));
      const failed = await place.run('backup create --no-space-check');
      expect({ part, code: failed.code, error: failed.error?.code }).toMatchObject({ part, code: 1 });
      expect(failed.error?.code, failed.text).toMatch(
        /^(?:disk-full|client-failed|backup-failed|sqlite-failed)$/,
      );
      expect(failed.text).toMatch(/no room|No space|full/);
      expect(place.entries().filter((name) => name.startsWith('.'))).toEqual([]);
      expect(place.complete()).toHaveLength(1);
    }
    // Where the sizes tell beforehand, nothing is begun.
    expect(await place.run('backup create')).toMatchObject({ code: 1, error: { code: 'disk-full' } });
    resize(64 * MEGABYTE);
    await place.holds();
    expect(readdirSync(disk)).toHaveLength(1);
  });
});

/* Case F53, on a server of its own: a checkpoint that finds no disk would be the fault of all who use the server. */
describe.runIf(canMount && server !== undefined)('no room left on the server', () => {
  const ends: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  test('a restore fails beside the live database, which is what it was', { timeout: 120_000 }, async () => {
    const binaries = findPostgres().find(({ major }) => String(major) === server?.name);
    if (binaries === undefined) throw new Error('no server');
    const disk = mkdtempSync(join(tmpdir(), 'tidemark-small-'));
    ends.push(() => rmSync(disk, { recursive: true, force: true }));
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'none', disk]);
    ends.push(() => spawnSync('umount', ['-l', disk]));
    const running = await startPostgres(binaries);
    ends.push(() => running.stop());
    const { uid, gid } = statSync(join(running.folder, 'data'));
    chownSync(disk, uid, gid);
    await query(running.url, `CREATE TABLESPACE small LOCATION '${disk}'`);
    await query(running.url, 'CREATE DATABASE app TABLESPACE small');
    const url = running.url.replace(/[^/]+$/, 'app');
    // There is room for it once, and not for another beside it.
    await query(
      url,
      `CREATE TABLE a AS SELECT n, repeat('x', 1000) AS body FROM generate_series(1, 22000) n`,
    );
    const place = new Place(url);
    ends.push(() => place.close());
    const id = await place.good();
    const restore = `backup restore ${id} --yes --no-backup-first`;
    const failed = await place.run(restore);
    expect(failed).toMatchObject({ code: 1, error: { code: 'restore-failed' } });
    expect(failed.text).toContain('Make room on the server');
    expect(await query(url, 'SELECT count(*)::int AS n FROM a')).toEqual([{ n: 22_000 }]);
    // To drop the half-made one the server wants a checkpoint, for which there may be no room either.
    const names = async () =>
      (await query(running.url, "SELECT datname FROM pg_database WHERE datname ~ '^app' ORDER BY 1")).map(
        ({ datname }) => String(datname),
      );
    const left = (await names()).filter((name) => name !== 'app');
    const status = JSON.stringify((await place.run('backup status')).result);
    for (const name of left) expect(status).toContain(name);
    // With room it comes back.
    spawnSync('mount', ['-o', 'remount,size=150m', disk]);
    await query(url, 'DELETE FROM a');
    expect(await place.run(restore)).toMatchObject({ code: 0 });
    expect(await query(url, 'SELECT count(*)::int AS n FROM a')).toEqual([{ n: 22_000 }]);
    expect(await names()).toEqual(['app', expect.stringContaining('__before_restore_')]);
  });
});
