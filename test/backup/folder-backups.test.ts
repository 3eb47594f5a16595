import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCatalog } from '../../src/backup/catalog.js';
import { type CreateOptions, createBackup } from '../../src/backup/create-backup.js';
import type { BackupEngine } from '../../src/backup/engine/backup-engine.js';
import { noteVerified, pin, unpin } from '../../src/backup/marks.js';
import type { PartSink } from '../../src/backup/part-sink.js';
import { pruneBackups, sweepPartials } from '../../src/backup/prune-backups.js';
import { retentionPolicy } from '../../src/backup/retention/policy.js';
import { sendBackup } from '../../src/backup/send-backup.js';
import { FolderStore } from '../../src/backup/store/folder-store.js';
import { storedBackup } from '../../src/backup/stored-backup.js';
import { backupsInUse, useBackup } from '../../src/backup/use-mark.js';
import { sampleManifest } from './support/sample-manifest.js';

// The part that all engines share: folders, names, order of writing. What the engines write is tested with them.
const BODY = randomBytes(300_000);

function engine(fill: (sink: PartSink) => Promise<void> = writeBody): BackupEngine {
  return {
    kind: 'sqlite',
    async capture(sink) {
      await fill(sink);
      const { engine, migrations, capture, tables, globals } = sampleManifest();
      return { createdAt: new Date(), engine, migrations, capture, tables, globals };
    },
    checkStructure: () => Promise.reject(new Error('not asked for')),
    rehearse: () => Promise.reject(new Error('not asked for')),
    countTables: () => Promise.reject(new Error('not asked for')),
  };
}

async function writeBody(sink: PartSink): Promise<void> {
  await sink.write('database.sqlite', 'database', Readable.from([BODY]));
  await writeFile(join(sink.folder, 'log'), 'adopted', { mode: 0o644 });
  await sink.adopt('log', 'log');
  await writeFile(join(sink.folder, 'stray'), 'left over');
}

let root: string;
let options: CreateOptions;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-backups-'));
  options = {
    root: join(root, 'backups'),
    database: 'app',
    trigger: { kind: 'manual', migration: null },
    tags: [],
    pinned: false,
    encryption: undefined,
    jobs: undefined,
    excludeTableData: [],
    lockTimeoutMs: 1000,
  };
});
afterEach(() => rm(root, { recursive: true, force: true }));

const store = () => new FolderStore('local', join(root, 'backups'));
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('making one', () => {
  test('its folder holds the parts and the manifest, for its owner alone, and nothing else', async () => {
    const before = process.umask(0);
    try {
      const { manifest, path } = await createBackup(engine(), options);
      expect((await readdir(path)).sort()).toEqual(['database.sqlite', 'log', 'manifest.json']);
      expect(await readdir(join(root, 'backups', 'app'))).toEqual([manifest.id]);
      expect(await mode(path)).toBe('700');
      for (const name of await readdir(path)) expect(await mode(join(path, name))).toBe('600');
      expect(await readFile(join(path, 'database.sqlite'))).toEqual(BODY);
      expect(manifest.parts[0]).toMatchObject({
        bytes: BODY.length,
        sha256: createHash('sha256').update(BODY).digest('hex'),
      });
    } finally {
      process.umask(before);
    }
  });

  test('it is listed as complete, and read as it was written', async () => {
    const { manifest, path } = await createBackup(engine(), options);
    const [entry] = await readCatalog([store()], 'app');
    expect(entry).toMatchObject({
      id: manifest.id,
      pinned: false,
      places: [{ store: 'local', state: 'complete' }],
    });
    const open = storedBackup(store(), manifest, { folder: 'app' });
    expect(await text(await open.read('log'))).toBe('adopted');
    const files = await open.files(['log', 'database.sqlite']);
    expect(await readFile(join(files.folder, 'database.sqlite'))).toEqual(BODY);
    await files.release();
    // They lie in the open there: nothing is copied, and nothing removed.
    expect(files.folder).toBe(path);
    expect(existsSync(join(path, 'log'))).toBe(true);
  });

  test.each<[string, (sink: PartSink) => Promise<void>]>([
    [
      'an engine that fails',
      async (sink) => {
        await writeBody(sink);
        throw new Error('killed');
      },
    ],
    ['an empty dump', (sink) => sink.write('dump', 'dump', Readable.from([])).then(() => undefined)],
    ['no dump at all', async () => {}],
    [
      'a name that leads elsewhere',
      (sink) => sink.write('../x', 'dump', Readable.from(['x'])).then(() => undefined),
    ],
  ])('%s leaves nothing', async (_, fill) => {
    await expect(createBackup(engine(fill), options)).rejects.toThrow();
    expect(await readdir(join(root, 'backups', 'app'))).toEqual([]);
    expect(await readCatalog([store()], 'app')).toEqual([]);
  });

  test('an abort leaves nothing', async () => {
    const controller = new AbortController();
    const fill = async (sink: PartSink) => {
      controller.abort();
      await writeBody(sink);
    };
    await expect(createBackup(engine(fill), { ...options, signal: controller.signal })).rejects.toThrow();
    expect(await readdir(join(root, 'backups', 'app'))).toEqual([]);
  });

  test('a file where the folder should be', async () => {
    await writeFile(join(root, 'backups'), '');
    await expect(createBackup(engine(), options)).rejects.toThrow(
      expect.objectContaining({ code: 'backup-folder' }),
    );
  });
});

describe('a catalog', () => {
  test('tells incomplete, pinned and proven ones', async () => {
    const whole = await createBackup(engine(), options);
    const cut = await createBackup(engine(), options);
    await writeFile(join(cut.path, 'log'), 'adopte');
    const torn = await createBackup(engine(), options);
    await rm(join(torn.path, 'manifest.json'));
    await pin(store(), 'app', whole.manifest.id);
    await pin(store(), 'app', whole.manifest.id);
    await noteVerified(
      store(),
      'app',
      whole.manifest.id,
      { level: 3, at: '2026-11-20T10:00:00.000Z' },
      { rows: 3 },
    );
    const entries = new Map((await readCatalog([store()], 'app')).map((entry) => [entry.id, entry]));
    expect(entries.get(whole.manifest.id)).toMatchObject({
      pinned: true,
      verified: { level: 3, at: '2026-11-20T10:00:00.000Z' },
    });
    expect(entries.get(cut.manifest.id)?.places[0]).toMatchObject({
      state: 'incomplete',
      problem: 'its part log has 6 bytes, not 7',
    });
    expect(entries.get(torn.manifest.id)?.places[0]?.problem).toContain('no manifest');
    await unpin(store(), 'app', whole.manifest.id);
    expect((await readCatalog([store()], 'app')).find(({ id }) => id === whole.manifest.id)?.pinned).toBe(
      false,
    );
  });

  test('a manifest of another backup in its place is seen', async () => {
    const one = await createBackup(engine(), options);
    const two = await createBackup(engine(), options);
    await writeFile(join(two.path, 'manifest.json'), await readFile(join(one.path, 'manifest.json')));
    const entry = (await readCatalog([store()], 'app')).find(({ id }) => id === two.manifest.id);
    expect(entry?.places[0]).toMatchObject({
      state: 'incomplete',
      problem: `its manifest is that of ${one.manifest.id}`,
    });
  });

  test('a changed byte is found by reading', async () => {
    const { manifest, path } = await createBackup(engine(), options);
    const body = Buffer.from(BODY);
    body[150_000]! ^= 1;
    await writeFile(join(path, 'database.sqlite'), body);
    const open = storedBackup(store(), manifest, { folder: 'app' });
    await expect(text(await open.read('database.sqlite'))).rejects.toThrow(
      expect.objectContaining({ code: 'backup-damaged' }),
    );
    await expect(open.files(['database.sqlite'])).rejects.toThrow(
      expect.objectContaining({ code: 'backup-damaged' }),
    );
  });

  test('what is not ours is left alone, links are not followed', async () => {
    const { manifest, path } = await createBackup(engine(), options);
    await mkdir(join(root, 'backups', 'app', 'notes'));
    await writeFile(join(root, 'backups', 'app', 'notes', 'x'), '');
    await symlink(path, join(root, 'backups', 'app', '20200101T000000000Z-aaaaaa'));
    expect((await readCatalog([store()], 'app')).map(({ id }) => id)).toEqual([manifest.id]);
  });
});

describe('sending', () => {
  const other = () => new FolderStore('offsite', join(root, 'offsite'));

  test('brings the whole backup, once', async () => {
    const { manifest } = await createBackup(engine(), options);
    expect(await sendBackup(store(), other(), 'app', manifest)).toMatchObject({ store: 'offsite', kept: 0 });
    expect(await sendBackup(store(), other(), 'app', manifest)).toMatchObject({ kept: 3 });
    const [entry] = await readCatalog([store(), other()], 'app');
    expect(entry?.places.map((place) => [place.store, place.state])).toEqual([
      ['local', 'complete'],
      ['offsite', 'complete'],
    ]);
  });

  test('does not take for sent what lies there and is something else', async () => {
    const { manifest } = await createBackup(engine(), options);
    await mkdir(join(root, 'offsite', 'app', manifest.id), { recursive: true });
    await writeFile(join(root, 'offsite', 'app', manifest.id, 'log'), 'another');
    await expect(sendBackup(store(), other(), 'app', manifest)).rejects.toThrow(
      expect.objectContaining({ code: 'store-lied' }),
    );
    expect((await readCatalog([other()], 'app'))[0]?.places[0]?.state).toBe('incomplete');
  });

  test('a folder replaced by a link is not written through', async () => {
    const { manifest } = await createBackup(engine(), options);
    await mkdir(join(root, 'offsite'), { recursive: true });
    await mkdir(join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), join(root, 'offsite', 'app'));
    await expect(sendBackup(store(), other(), 'app', manifest)).rejects.toThrow('leads out of');
    expect(await readdir(join(root, 'elsewhere', manifest.id)).catch(() => [])).toEqual([]);
  });
});

describe('pruning', () => {
  const run = {
    policy: retentionPolicy({ keepDays: 'off', minKeep: 1 }, 'test'),
    now: new Date(),
    inUse: new Set<string>(),
    dryRun: false,
  };
  const later = (days: number) => new Date(Date.now() + days * 86_400_000);

  test('deletes what no rule keeps, with its marks, and says what it would do when asked', async () => {
    const old = await createBackup(engine(), options);
    await noteVerified(store(), 'app', old.manifest.id, { level: 1, at: new Date().toISOString() }, {});
    await new Promise((done) => setTimeout(done, 5));
    const recent = await createBackup(engine(), options);
    const dry = await pruneBackups(store(), 'app', { ...run, now: later(1), dryRun: true });
    expect(dry.decisions.map(({ id, keep }) => [id, keep])).toEqual([
      [recent.manifest.id, true],
      [old.manifest.id, false],
    ]);
    expect(await readCatalog([store()], 'app')).toHaveLength(2);
    await pruneBackups(store(), 'app', { ...run, now: later(1) });
    expect((await readCatalog([store()], 'app')).map(({ id }) => id)).toEqual([recent.manifest.id]);
    expect(existsSync(old.path)).toBe(false);
    expect(await store().list('app/marks/')).toEqual([]);
  });

  test('an incomplete one neither counts nor stays, once nobody can be at work on it', async () => {
    const whole = await createBackup(engine(), options);
    await new Promise((done) => setTimeout(done, 5));
    const torn = await createBackup(engine(), options);
    await rm(join(torn.path, 'manifest.json'));
    expect((await pruneBackups(store(), 'app', { ...run, now: new Date() })).swept).toEqual([]);
    expect((await pruneBackups(store(), 'app', { ...run, now: later(2) })).swept).toEqual([torn.manifest.id]);
    expect((await readCatalog([store()], 'app')).map(({ id }) => id)).toEqual([whole.manifest.id]);
  });

  test('interrupted after the manifest went, it leaves no backup, and the next run finishes', async () => {
    const old = await createBackup(engine(), options);
    await new Promise((done) => setTimeout(done, 5));
    const recent = await createBackup(engine(), options);
    class Stubborn extends FolderStore {
      override async remove(key: string): Promise<void> {
        if (key.endsWith('log')) throw new Error('the disk went away');
        await super.remove(key);
      }
    }
    await expect(
      pruneBackups(new Stubborn('local', join(root, 'backups')), 'app', { ...run, now: later(2) }),
    ).rejects.toThrow('went away');
    const places = (await readCatalog([store()], 'app')).map(({ id, places }) => [id, places[0]?.state]);
    expect(places).toEqual([
      [recent.manifest.id, 'complete'],
      [old.manifest.id, 'incomplete'],
    ]);
    await pruneBackups(store(), 'app', { ...run, now: later(2) });
    expect(existsSync(old.path)).toBe(false);
  });

  test('a listing that fails deletes nothing', async () => {
    await createBackup(engine(), options);
    class Deaf extends FolderStore {
      override list(): Promise<never> {
        return Promise.reject(new Error('no answer'));
      }
    }
    await expect(
      pruneBackups(new Deaf('local', join(root, 'backups')), 'app', { ...run, now: later(900) }),
    ).rejects.toThrow('no answer');
    expect(await readCatalog([store()], 'app')).toHaveLength(1);
  });

  test('what is in use stays, until whoever used it is gone', async () => {
    const { manifest } = await createBackup(engine(), options);
    const folder = join(root, 'backups', 'app');
    const use = await useBackup(folder, manifest.id);
    expect(await backupsInUse(folder)).toEqual(new Set([manifest.id]));
    const [mark] = (await readdir(folder)).filter((name) => name.startsWith('.use-'));
    const past = new Date(Date.now() - 10 * 60_000);
    await utimes(join(folder, mark!), past, past);
    expect(await backupsInUse(folder)).toEqual(new Set());
    expect(existsSync(join(folder, mark!))).toBe(false);
    await use.release();
  });

  test('folders of a backup that was being made go after a day', async () => {
    const folder = join(root, 'backups', 'app');
    const partial = join(folder, '.partial-20200101T000000000Z-aaaaaa');
    await mkdir(partial, { recursive: true });
    expect(await sweepPartials(folder, new Date(Date.now() - 60_000), new Set())).toEqual([]);
    expect(await sweepPartials(folder, new Date(Date.now() + 60_000), new Set())).toHaveLength(1);
    expect(existsSync(partial)).toBe(false);
  });
});
