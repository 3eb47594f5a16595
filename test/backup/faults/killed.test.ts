import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freshDatabase, query } from '../../support/postgres-server.js';
import { dumpableServers } from '../postgres/support/restore.js';
import { S3Fake } from '../store/fakes/s3-fake.js';
import { CutProxy } from './support/cut-proxy.js';
import { Place, processesOf, sessions } from './support/place.js';

/*
 * Cases F1, F2 and F3: whatever is killed in the middle of a dump or an upload, nothing passes for a backup that is
 * none, the older ones stay, and neither processes, sessions nor passwords are left.
 */

const BALLAST = `CREATE TABLE ballast (body text);
  ALTER TABLE ballast ALTER body SET STORAGE EXTERNAL;
  INSERT INTO ballast SELECT repeat(md5(n::text), 31250) FROM generate_series(1, 110) n;`;
const DUMP = /pg_dump/;

const [server] = (await dumpableServers()).slice(-1);
describe.runIf(server !== undefined && process.platform === 'linux')('killed in the middle of a dump', () => {
  let url: string;
  let drop: () => Promise<void>;
  let proxy: CutProxy;
  let place: Place;
  beforeEach(async () => {
    if (server === undefined) throw new Error('no server');
    ({ url, drop } = await freshDatabase(server));
    proxy = new CutProxy(url);
    place = new Place(await proxy.start());
  });
  afterEach(async () => {
    place.close();
    await proxy.stop();
    await drop();
  });

  /** A backup of which half a megabyte has come, and no more comes. */
  async function halfway(line: string) {
    proxy.mode = 'stall';
    proxy.after = 500_000;
    const started = place.start(line);
    const early = started.ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
    const struck = expect.poll(() => proxy.struck, { timeout: 40_000 }).toBeGreaterThan(0);
    await Promise.race([struck, early]);
    early.catch(() => {});
    expect(processesOf(DUMP, place.folder).length).toBeGreaterThan(0);
    return started;
  }

  async function allGone() {
    await expect.poll(() => processesOf(DUMP, place.folder), { timeout: 10_000 }).toEqual([]);
    await expect.poll(() => sessions(url), { timeout: 10_000 }).toEqual([]);
    proxy.mode = 'pass';
  }

  test.each([
    ['one file', 'SIGKILL', 1],
    ['one file', 'SIGTERM', 1],
    ['one file', 'SIGINT', 1],
    ['a folder', 'SIGKILL', 110],
    ['a folder', 'SIGTERM', 110],
  ] as const)('%s, %s to us', async (form, signal, megabytes) => {
    await query(url, BALLAST.replace('110)', `${megabytes})`));
    await place.good();
    const started = await halfway(`backup create --jobs 2`);
    started.process.kill(signal);
    const end = await started.ended;
    if (signal === 'SIGKILL') expect(end).toMatchObject({ code: null, signal });
    else {
      expect(end).toMatchObject({ code: signal === 'SIGTERM' ? 143 : 130 });
      // Told in time to end, it leaves nothing at all.
      expect(place.entries().filter((name) => name.startsWith('.'))).toEqual([]);
    }
    expect(end.stdout).not.toContain('backed up');
    await allGone();
    await place.holds({ next: form === 'one file' });
  });

  test.each([
    ['one file', 1],
    ['a folder', 110],
  ] as const)('%s, SIGKILL to pg_dump alone', async (form, megabytes) => {
    await query(url, BALLAST.replace('110)', `${megabytes})`));
    await place.good();
    const started = await halfway('backup create --jobs 2 --json');
    // The leader: whose parent is the shell of its group.
    const [leader] = processesOf(/^\S*pg_dump /, place.folder).sort((a, b) => a - b);
    process.kill(leader ?? -1, 'SIGKILL');
    const end = await started.ended;
    expect(end.code).toBe(1);
    expect(JSON.parse(end.stdout).error.code).toBe('client-failed');
    expect(place.entries().filter((name) => name.startsWith('.'))).toEqual([]);
    await allGone();
    await place.holds({ next: form === 'one file' });
  });
});

describe('killed in the middle of an upload', () => {
  let place: Place;
  let fake: S3Fake;
  beforeEach(async () => {
    fake = new S3Fake();
    await fake.start();
    const { bucket, region, url: endpoint } = fake;
    const offsite = { type: 's3', bucket, region, endpoint, prefix: 'here' };
    place = new Place('sqlite:app.db', { destinations: { offsite } });
    const { sqliteDriver } = await import('../../../src/database/sqlite-driver.js');
    const database = (await sqliteDriver()).open(`${place.folder}/app.db`);
    database.exec('CREATE TABLE a (b); INSERT INTO a VALUES (randomblob(1000000))');
    database.close();
  });
  afterEach(async () => {
    place.close();
    await fake.stop();
  });

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    '%s: here whole, there none, and push brings it',
    async (signal) => {
      const env = {
        AWS_ACCESS_KEY_ID: fake.keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: fake.keys.secretAccessKey,
      };
      fake.break({ op: 'PutObject', skip: 1, times: Number.POSITIVE_INFINITY, delayMs: 60_000 });
      const started = place.start('backup create --upload', env);
      await expect
        .poll(() => fake.log.filter((line) => line.startsWith('PutObject')).length, { timeout: 40_000 })
        .toBe(2);
      started.process.kill(signal);
      const end = await started.ended;
      expect(end.code).toBe(signal === 'SIGKILL' ? null : signal === 'SIGTERM' ? 143 : 130);
      expect(end.stdout).not.toContain('backed up');
      fake.heal();
      const [id = ''] = place.complete();
      const listed = await place.run('backup list', env);
      expect(listed.result.backups).toMatchObject([{ id }]);
      const states = listed.result.backups[0]?.places.map((at) => [at.place, at.state]);
      expect(states).toContainEqual(['local', 'complete']);
      expect(states).not.toContainEqual(['offsite', 'complete']);
      expect(await place.run(`backup push ${id}`, env)).toMatchObject({ code: 0 });
      expect(await place.run(`backup verify ${id} --level 1`, env)).toMatchObject({ code: 0 });
    },
  );
});
