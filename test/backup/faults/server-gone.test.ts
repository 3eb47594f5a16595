import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findPostgres } from '../../support/postgres-binaries.js';
import { type RunningPostgres, startPostgres } from '../../support/postgres-process.js';
import { freshDatabase, query } from '../../support/postgres-server.js';
import { dumpableServers } from '../postgres/support/restore.js';
import { CutProxy } from './support/cut-proxy.js';
import { Place, sessions } from './support/place.js';

/* Cases F5 and F6: the server stops, or the way to it breaks, while it is dumped. */

const SEED = `CREATE TABLE ballast (body text);
  INSERT INTO ballast SELECT repeat(md5(n::text), 31250) FROM generate_series(1, 3) n;`;

const [server] = (await dumpableServers()).slice(-1);
describe.runIf(server !== undefined)('the server goes away in the middle of a dump', () => {
  let url: string;
  let drop: () => Promise<void>;
  let proxy: CutProxy;
  let place: Place;
  async function open(at: string) {
    url = at;
    await query(url, SEED);
    proxy = new CutProxy(url);
    place = new Place(await proxy.start());
    await place.good();
  }
  beforeEach(() => {
    drop = async () => {};
  });
  afterEach(async () => {
    place.close();
    await proxy.stop();
    await drop();
  });

  test('a connection that breaks', async () => {
    if (server === undefined) throw new Error('no server');
    const database = await freshDatabase(server);
    drop = database.drop;
    await open(database.url);
    [proxy.mode, proxy.after] = ['cut', 500_000];
    expect(await place.run('backup create')).toMatchObject({ code: 1, error: { code: 'client-failed' } });
    expect(proxy.struck).toBeGreaterThan(0);
    proxy.mode = 'pass';
    await expect.poll(() => sessions(url), { timeout: 10_000 }).toEqual([]);
    await place.holds();
  });

  test('a connection on which nothing comes any more is ended by a signal', async () => {
    if (server === undefined) throw new Error('no server');
    const database = await freshDatabase(server);
    drop = database.drop;
    await open(database.url);
    [proxy.mode, proxy.after] = ['stall', 500_000];
    const started = place.start('backup create --json');
    await expect.poll(() => proxy.struck, { timeout: 40_000 }).toBeGreaterThan(0);
    started.process.kill('SIGTERM');
    expect((await started.ended).code).toBe(143);
    proxy.mode = 'pass';
    await expect.poll(() => sessions(url), { timeout: 10_000 }).toEqual([]);
    await place.holds();
  });

  test('a server that stops at once', { timeout: 120_000 }, async () => {
    const binaries = findPostgres().find(({ major }) => String(major) === server?.name);
    if (binaries === undefined) throw new Error('no server');
    const running: RunningPostgres = await startPostgres(binaries);
    drop = () => running.stop();
    await open(running.url);
    [proxy.mode, proxy.after] = ['stall', 500_000];
    const started = place.start('backup create --json');
    await expect.poll(() => proxy.struck, { timeout: 40_000 }).toBeGreaterThan(0);
    // As `pg_ctl stop -m immediate` does.
    const [pid] = readFileSync(join(running.folder, 'data', 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGQUIT');
    const end = await started.ended;
    expect(end.code).toBe(1);
    expect(JSON.parse(end.stdout)).toMatchObject({ ok: false, error: { code: expect.any(String) } });
    expect(place.entries().filter((name) => /^\.|^\d/.test(name))).toHaveLength(1);
    // What is there already is whole without a server.
    const [id] = place.complete();
    expect(await place.run(`backup verify ${id} --level 2`)).toMatchObject({ code: 0 });
    expect(await place.run('backup create')).toMatchObject({ code: 1 });
    expect(place.complete()).toEqual([id]);
  });
});
