import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import { restorePostgres } from '../../../src/backup/postgres/restore-postgres.js';
import { formatMarker, newRestoreNames, parseMarker } from '../../../src/backup/postgres/swap-marker.js';
import { listKept, repairRestore, undoRestore } from '../../../src/backup/postgres/swap-undo.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { describeEachServer, query } from '../../support/postgres-server.js';
import { dumpableServers, liveUsers, openSite, type Site } from './support/restore.js';

const CHILD = fileURLToPath(new URL('support/restore-child.ts', import.meta.url));
const SEED = `
  CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  INSERT INTO users (name) VALUES ('ada'), ('bob');
  CREATE TABLE filler AS SELECT n, md5(n::text) AS text FROM generate_series(1, 50000) n;
  CREATE INDEX ON filler (text);`;
const BROKEN = `DELETE FROM users; INSERT INTO users (name) VALUES ('mallory')`;

/** Each phase at its beginning and some way into it. */
const MOMENTS: readonly (readonly [string, number])[] = [
  ['checking', 0],
  ['backing', 0],
  ['creating', 0],
  ['creating', 15],
  ['restoring', 0],
  ['restoring', 60],
  ['comparing', 0],
  ['analyzing', 0],
  ['taking', 0],
  ['swapping', 0],
  ['swapping', 3],
  ['swapping', 10],
  ['swapping', 40],
  ['swapping', 1500],
];

const [server] = (await dumpableServers()).slice(-1);
describe.runIf(server !== undefined)(`restore killed (PostgreSQL ${server?.name})`, () => {
  let site: Site;
  let backup: OpenBackup;
  beforeEach(async () => {
    if (server === undefined) throw new Error('no server');
    site = await openSite(server, SEED);
    backup = await site.backup();
    await query(site.url, BROKEN);
  });
  afterEach(() => site.close());

  async function killedAt(phase: string, delay: number, how: 'drop' | 'in-place' | '' = ''): Promise<string> {
    const words = [site.url, site.root, JSON.stringify(backup.manifest), phase, String(delay), how];
    const child = spawn(process.execPath, ['--import', 'jiti/register', CHILD, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // What it unpacked and could not remove goes with the test's folder.
      env: { ...process.env, TMPDIR: site.root },
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code, signal] = await once(child, 'close');
    if (code !== 0 && signal !== 'SIGKILL') throw new Error(stderr);
    return signal === 'SIGKILL' ? 'killed' : 'done';
  }

  /** The name leads to one of the two, whole, at once: nobody has to come first to put anything right. */
  async function whoIsLive(): Promise<string> {
    // The server finishes by itself what it was told; until then the door may be closed.
    await expect
      .poll(
        () =>
          liveUsers(site).then(
            (users) => users.length > 0,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);
    const users = (await liveUsers(site)).join();
    const [filler] = await query(site.url, 'SELECT count(*)::int AS n FROM filler');
    expect(filler).toEqual({ n: 50000 });
    expect(['mallory', 'ada,bob']).toContain(users);
    return users;
  }

  test('at any moment, the name leads to the old or the new one, and the next run cleans up', {
    timeout: 480_000,
  }, async () => {
    const outcomes: string[] = [];
    for (const [phase, delay] of MOMENTS) {
      const what = `${phase} +${delay} ms`;
      const end = await killedAt(phase, delay);
      const users = await whoIsLive();
      outcomes.push(`${what}: ${end}, ${users}`);
      if (phase !== 'swapping') expect(users, what).toBe('mallory');
      // What is left is named; what was live is never among it.
      let left = await listKept(site.parsed);
      // The server may still be making or dropping one when its client is gone already.
      const unnamed = async () => {
        left = await listKept(site.parsed);
        const named = new Set([site.name, ...left.leftovers, ...left.kept.map(({ name }) => name)]);
        const there = new Set(await site.databases());
        return [...named, ...there].filter((name) => !named.has(name) || !there.has(name));
      };
      await expect.poll(unnamed, { timeout: 20_000, message: what }).toEqual([]);
      expect(left.kept.length, what).toBe(users === 'mallory' ? 0 : 1);

      const again = await restorePostgres(backup, site.options());
      expect(await liveUsers(site), what).toEqual(['ada', 'bob']);
      // What the server was still creating shows only when that is done.
      expect(again.recovered.length, what).toBeGreaterThanOrEqual(left.leftovers.length);
      expect((await listKept(site.parsed)).leftovers, what).toEqual([]);
      // Back to the beginning.
      for (const { name } of (await listKept(site.parsed)).kept)
        await query(site.admin, `DROP DATABASE ${name}`);
      await query(site.url, BROKEN);
    }
    // The list above is of use only while it meets both sides of the swap.
    expect(outcomes.some((text) => text.endsWith('killed, mallory'))).toBe(true);
    expect(outcomes.some((text) => text.endsWith('ada,bob'))).toBe(true);
  });

  test('killed in place, it is the one or the other, and no session of it stays', async () => {
    for (const delay of [0, 60]) {
      await query(site.url, BROKEN);
      await killedAt('restoring', delay, 'in-place');
      const sessions = () =>
        query(
          site.admin,
          `SELECT pid FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`,
          [site.name],
        );
      await expect.poll(sessions, { timeout: 10_000 }).toEqual([]);
      await whoIsLive();
    }
    await restorePostgres(backup, site.options({ inPlace: true }));
    expect(await liveUsers(site)).toEqual(['ada', 'bob']);
  });

  test('killed before the old one is dropped, the next run drops it', async () => {
    await killedAt('dropping', 0, 'drop');
    expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    const { kept, leftovers } = await listKept(site.parsed);
    expect([kept.length, leftovers.length]).toEqual([0, 1]);
    const again = await restorePostgres(backup, site.options({ keepOld: false }));
    expect(again.recovered).toEqual([expect.stringContaining('should have done so')]);
    expect(await site.databases()).toEqual([site.name]);
  });

  test('killed before the new database has its mark: known by its name and closed door', async () => {
    const { beside } = newRestoreNames(site.name);
    await query(site.admin, `CREATE DATABASE ${beside} TEMPLATE template0 ALLOW_CONNECTIONS false`);
    expect((await listKept(site.parsed)).leftovers).toEqual([beside]);
    const again = await restorePostgres(backup, site.options());
    expect(again.recovered).toEqual([expect.stringContaining(beside)]);
    expect(await site.databases()).toEqual([site.name, again.kept].sort());
  });

  test('a server that died in the swap: the old one is opened again, for a restore and for an undo', async () => {
    const first = await restorePostgres(backup, site.options());
    const { beside } = newRestoreNames(site.name);
    const marker = {
      of: site.name,
      backup: null,
      at: new Date().toISOString(),
      comment: null,
      state: 'swapping',
    } as const;
    // As the swap leaves it after its first commit.
    await query(site.admin, `CREATE DATABASE ${beside} TEMPLATE template0 ALLOW_CONNECTIONS false`);
    await query(site.admin, `COMMENT ON DATABASE ${beside} IS '${formatMarker(marker)}'`);
    await query(site.admin, `ALTER DATABASE ${site.name} ALLOW_CONNECTIONS false`);
    // Whoever comes now is told what to do, and it does only that.
    await expect(openDatabase(site.parsed)).rejects.toMatchObject({
      code: 'cannot-connect',
      details: { reason: 'closed' },
      hints: [expect.stringContaining('tidemark backup restore --repair'), expect.any(String)],
    });
    expect((await listKept(site.parsed)).leftovers).toEqual([beside]);
    expect((await repairRestore(site.parsed, { lockTimeoutMs: 5000 })).join(' ')).toMatch(
      /takes connections again.*was removed/,
    );
    expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    expect(await repairRestore(site.parsed, { lockTimeoutMs: 5000 })).toEqual([]);
    expect((await listKept(site.parsed)).kept.map(({ name }) => name)).toEqual([first.kept]);

    await query(site.admin, `CREATE DATABASE ${beside} TEMPLATE template0 ALLOW_CONNECTIONS false`);
    await query(site.admin, `COMMENT ON DATABASE ${beside} IS '${formatMarker(marker)}'`);
    await query(site.admin, `ALTER DATABASE ${site.name} ALLOW_CONNECTIONS false`);
    const undone = await undoRestore(site.parsed, { lockTimeoutMs: 5000 });
    expect(undone.recovered.join(' ')).toMatch(/takes connections again.*was removed/);
    expect(await liveUsers(site)).toEqual(['mallory']);
    expect(await site.databases()).toEqual([site.name, undone.kept].sort());

    // The same while a kept one was on its way back: it is kept, never removed.
    const kept = String(undone.kept);
    await query(site.admin, `COMMENT ON DATABASE ${kept} IS '${formatMarker(marker)}'`);
    await query(site.admin, `ALTER DATABASE ${kept} ALLOW_CONNECTIONS false`);
    await query(site.admin, `ALTER DATABASE ${site.name} ALLOW_CONNECTIONS false`);
    expect((await listKept(site.parsed)).kept.map(({ name }) => name)).toEqual([kept]);
    await undoRestore(site.parsed, { lockTimeoutMs: 5000 });
    expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    expect(first.kept).not.toBe(undone.kept);
  });

  test("databases of a user's own are never taken for leftovers", async () => {
    const own = [
      `${site.name}__restore_0123456789`,
      `${site.name}__before_restore_0123456789`,
      newRestoreNames(`${site.name}_other`).beside,
    ];
    const { beside } = newRestoreNames(site.name);
    for (const name of [...own, beside])
      await query(site.admin, `CREATE DATABASE ${name} TEMPLATE template0`);
    // Of its own name, but of another database, and open to all.
    await query(site.admin, `COMMENT ON DATABASE ${own[0]} IS 'tidemark restore {"state":"restoring"}'`);
    expect(await listKept(site.parsed)).toEqual({ kept: [], leftovers: [] });
    await restorePostgres(backup, site.options({ keepOld: false }));
    expect(await site.databases()).toEqual([site.name, beside, ...own].sort());
  });
});

describeEachServer('the swap of a restore, in a server that has no such database', (each) => {
  test('listing says so and makes nothing', async () => {
    const url = new URL(await each.adminUrl());
    url.pathname = '/no_such_database_at_all';
    const { parseDatabaseUrl } = await import('../../../src/database/database-url.js');
    const parsed = parseDatabaseUrl(url.href);
    if (parsed.adapter !== 'server') throw new Error('not a server');
    expect(await listKept(parsed)).toEqual({ kept: [], leftovers: [] });
    await expect(undoRestore(parsed, { lockTimeoutMs: 100 })).rejects.toThrow(
      expect.objectContaining({ code: 'kept-unknown', exitCode: 2 }),
    );
  });
});

test('names of any length and any characters fit, differ, and are known again', () => {
  for (const database of ['app', 'x'.repeat(63), 'é'.repeat(31), `we"ird; x'é`, '𝒳'.repeat(15)]) {
    const { beside, kept, id } = newRestoreNames(database);
    for (const name of [beside, kept]) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(beside).not.toBe(kept);
    expect(newRestoreNames(database, id)).toEqual({ beside, kept, id });
  }
});

test('a comment is a marker only when it says all of it', () => {
  const marker = { state: 'kept', of: 'a"b', backup: 'x', at: 'y', comment: "it's" } as const;
  expect(parseMarker(formatMarker(marker))).toEqual(marker);
  for (const text of [
    null,
    '',
    'tidemark restore',
    'tidemark restore {',
    'tidemark restore null',
    'tidemark restore {"state":"gone","of":"a","at":"b"}',
    'tidemark restore {"state":"kept","of":1,"at":"b"}',
  ])
    expect(parseMarker(text)).toBeUndefined();
});
