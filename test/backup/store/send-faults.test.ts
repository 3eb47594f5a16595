import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newBackupId } from '../../../src/backup/backup-id.js';
import { readCatalog } from '../../../src/backup/catalog.js';
import { MANIFEST, partKey } from '../../../src/backup/layout.js';
import type { Manifest } from '../../../src/backup/manifest.js';
import { noteVerified, pin } from '../../../src/backup/marks.js';
import { formatManifest } from '../../../src/backup/parse-manifest.js';
import { pruneBackups } from '../../../src/backup/prune-backups.js';
import { retentionPolicy } from '../../../src/backup/retention/policy.js';
import { sendBackup } from '../../../src/backup/send-backup.js';
import type { BackupStore } from '../../../src/backup/store/backup-store.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { sampleManifest } from '../support/sample-manifest.js';
import { putBody } from './battery.js';
import type { HttpFake } from './fakes/http-fake.js';
import { S3Fake } from './fakes/s3-fake.js';
import { SupabaseFake } from './fakes/supabase-fake.js';
import { PREFIX, s3StoreAt, supabaseStoreAt } from './stores.js';

// Cases F27 to F35 of the fault list as they meet a whole backup: no false success, no backup lost, and a way on.

const FOLDER = 'app';
const DAY = 86_400_000;
const IN_CHUNKS = 13 * 1024 * 1024;

interface Place {
  readonly fake: HttpFake &
    Pick<S3Fake, 'plant' | 'bodyOf' | 'locked'> & { readonly objects: Map<string, unknown> };
  readonly store: () => BackupStore;
  readonly ops: { readonly put: string; readonly get: string; readonly chunk: string };
}

const places: [string, () => Promise<Place>][] = [
  [
    'a strict S3',
    async () => {
      const fake = new S3Fake();
      await fake.start();
      const store = () => s3StoreAt(fake, { partSize: 5 * 1024 * 1024 });
      return { fake, store, ops: { put: 'PutObject', get: 'GetObject', chunk: 'UploadPart' } };
    },
  ],
  [
    'a lenient S3',
    async () => {
      const fake = new S3Fake({ mode: 'lenient' });
      await fake.start();
      const store = () => s3StoreAt(fake, { partSize: 5 * 1024 * 1024 });
      return { fake, store, ops: { put: 'PutObject', get: 'GetObject', chunk: 'UploadPart' } };
    },
  ],
  [
    'Supabase',
    async () => {
      const fake = new SupabaseFake();
      await fake.start();
      return {
        fake,
        store: () => supabaseStoreAt(fake),
        ops: { put: 'upload', get: 'download', chunk: 'tus:PATCH' },
      };
    },
  ],
];

describe.each(places)('%s', (_, open) => {
  let root: string;
  let local: FolderStore;
  let place: Place;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tidemark-send-'));
    local = new FolderStore('local', root);
    place = await open();
  });
  afterEach(async () => {
    await place.fake.stop();
    await rm(root, { recursive: true, force: true });
  });

  const code = (text: string) => expect.objectContaining({ name: 'TidemarkError', code: text });
  const stateOf = async (id: string) =>
    (await readCatalog([place.store()], FOLDER)).find((entry) => entry.id === id)?.places[0]?.state;
  const send = (manifest: Manifest) => sendBackup(local, place.store(), FOLDER, manifest);
  const at = (manifest: Manifest, name: string) => `${PREFIX}/${partKey(FOLDER, manifest.id, name)}`;

  /** A backup in the local folder, `ageDays` old; `IN_CHUNKS` makes one part large enough to be sent in several. */
  async function localBackup(ageDays = 0, largeBytes = 60_000): Promise<Manifest> {
    const time = new Date(Date.now() - ageDays * DAY);
    const id = newBackupId(time);
    const bodies = {
      small: randomBytes(40_000),
      large: randomBytes(largeBytes),
      last: randomBytes(10),
    };
    const parts = Object.entries(bodies).map(([name, body]) => {
      const sha256 = createHash('sha256').update(body).digest('hex');
      return { name, role: 'dump', bytes: body.length, sha256, plainBytes: body.length, plainSha256: sha256 };
    });
    for (const [name, body] of Object.entries(bodies)) await putBody(local, partKey(FOLDER, id, name), body);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const stamp = time.toISOString();
    const manifest = sampleManifest({
      ...{ id, parts, createdAt: stamp, startedAt: stamp, finishedAt: stamp },
      totals: { bytes, tables: 1, rows: 3 },
    });
    await putBody(local, partKey(FOLDER, id, MANIFEST), Buffer.from(formatManifest(manifest)));
    return manifest;
  }

  test('sends, lists, marks and prunes', async () => {
    const manifest = await localBackup(0, IN_CHUNKS);
    expect(await send(manifest)).toMatchObject({ store: 'offsite', kept: 0 });
    await pin(place.store(), FOLDER, manifest.id);
    const time = new Date().toISOString();
    await noteVerified(place.store(), FOLDER, manifest.id, { level: 2, at: time }, { rows: 3 });
    const [entry] = await readCatalog([local, place.store()], FOLDER);
    expect(entry).toMatchObject({ id: manifest.id, pinned: true, verified: { level: 2 } });
    expect(entry?.places.map((one) => one.state)).toEqual(['complete', 'complete']);
    expect(await send(manifest)).toMatchObject({ kept: 4 });
  });

  test('a manifest that does not arrive: no backup; the next push brings it', async () => {
    const manifest = await localBackup();
    place.fake.break({
      op: place.ops.put,
      key: /manifest\.json$/,
      status: 500,
      times: Number.POSITIVE_INFINITY,
    });
    await expect(send(manifest)).rejects.toThrow(code('store-failed'));
    expect(await stateOf(manifest.id)).toBe('incomplete');
    place.fake.heal();
    expect(await send(manifest)).toMatchObject({ kept: 3 });
    expect(await stateOf(manifest.id)).toBe('complete');
  });

  test('an upload that is interrupted goes on with the next push', async () => {
    const manifest = await localBackup(0, IN_CHUNKS);
    const stop = new AbortController();
    place.fake.break({ op: place.ops.chunk, skip: 1, delayMs: 2000 });
    setTimeout(() => stop.abort(new Error('killed')), 700);
    const interrupted = sendBackup(local, place.store(), FOLDER, manifest, { signal: stop.signal });
    await expect(interrupted).rejects.toThrow('killed');
    expect(await stateOf(manifest.id)).toBe('incomplete');
    place.fake.heal();
    expect(await send(manifest)).toMatchObject({ kept: 1 });
    expect(await stateOf(manifest.id)).toBe('complete');
  });

  test.each([
    ['other bytes, the right size', { flip: true }],
    ['fewer bytes, which it does not say', { truncate: 20_000 }],
  ])('a store that gives back %s is noticed, and shows no backup', async (_, lie) => {
    const manifest = await localBackup();
    place.fake.break({ op: place.ops.get, key: /small$/, times: Number.POSITIVE_INFINITY, ...lie });
    await expect(send(manifest)).rejects.toThrow(code('store-lied'));
    expect(await stateOf(manifest.id)).toBe('incomplete');
    expect(place.fake.bodyOf(at(manifest, MANIFEST))).toBeUndefined();
  });

  test('bytes that changed on its disk after an attempt before are noticed', async () => {
    const manifest = await localBackup();
    place.fake.plant(at(manifest, 'small'), randomBytes(40_000));
    await expect(send(manifest)).rejects.toThrow(code('store-lied'));
    expect(await stateOf(manifest.id)).toBe('incomplete');
  });

  test('an object that it loses later makes the backup incomplete', async () => {
    const manifest = await localBackup();
    await send(manifest);
    place.fake.objects.delete(at(manifest, 'large'));
    const [entry] = await readCatalog([place.store()], FOLDER);
    expect(entry?.places[0]).toMatchObject({ state: 'incomplete', problem: 'its part large is missing' });
    await send(manifest);
    expect(await stateOf(manifest.id)).toBe('complete');
  });

  test('an answer that fails while manifests are read is no catalog, and prunes nothing', async () => {
    for (const age of [50, 40]) await send(await localBackup(age));
    const before = place.fake.objects.size;
    const policy = retentionPolicy({ keepDays: 'off', minKeep: 1 }, 'test');
    const prune = () =>
      pruneBackups(place.store(), FOLDER, { policy, now: new Date(), inUse: new Set(), dryRun: false });
    place.fake.break({ op: place.ops.get, status: 500, times: Number.POSITIVE_INFINITY });
    await expect(prune()).rejects.toThrow(code('store-failed'));
    expect(place.fake.objects.size).toBe(before);
    place.fake.heal();
    const { decisions } = await prune();
    expect(decisions.filter(({ keep }) => keep)).toHaveLength(1);
    expect(await readCatalog([place.store()], FOLDER)).toHaveLength(1);
  });

  test('a manifest that may not be read, or that only a newer Tidemark can, is never swept', async () => {
    const [old, next, newest] = [await localBackup(50), await localBackup(40), await localBackup(1)];
    for (const manifest of [old, next, newest]) await send(manifest);
    const policy = retentionPolicy({ keepDays: 'off', minKeep: 3 }, 'test');
    const run = { policy, now: new Date(), inUse: new Set<string>(), dryRun: false };
    const before = place.fake.objects.size;
    place.fake.break({ op: place.ops.get, key: /manifest/, status: 403, code: 'AccessDenied', times: 3 });
    await expect(pruneBackups(place.store(), FOLDER, run)).rejects.toThrow(code('store-refused'));
    place.fake.heal();
    place.fake.plant(at(old, MANIFEST), JSON.stringify({ ...old, version: 2 }));
    const { decisions, swept } = await pruneBackups(place.store(), FOLDER, run);
    expect(swept).toEqual([]);
    expect(decisions.map(({ id }) => id).sort()).toEqual([next.id, newest.id]);
    expect(place.fake.objects.size).toBe(before);
    const there = (await readCatalog([place.store()], FOLDER)).find(({ id }) => id === old.id);
    expect(there?.places[0]).toMatchObject({ state: 'incomplete', newer: true });
  });

  test('a locked object keeps its backup: said, and the others go', async () => {
    const [oldest, middle, newest] = [await localBackup(50), await localBackup(40), await localBackup(1)];
    for (const manifest of [oldest, middle, newest]) await send(manifest);
    for (const name of [MANIFEST, 'small', 'large', 'last']) place.fake.locked.add(at(middle, name));
    const policy = retentionPolicy({ keepDays: 'off', minKeep: 1 }, 'test');
    const run = { policy, now: new Date(), inUse: new Set<string>(), dryRun: false };
    const result = await pruneBackups(place.store(), FOLDER, run);
    expect(result.locked).toEqual([
      { id: middle.id, problem: expect.stringContaining('the object is locked') },
    ]);
    expect(await stateOf(oldest.id)).toBeUndefined();
    expect(await stateOf(middle.id)).toBe('complete');
    expect(await stateOf(newest.id)).toBe('complete');
    place.fake.locked.clear();
    expect((await pruneBackups(place.store(), FOLDER, run)).locked).toEqual([]);
    expect(await stateOf(middle.id)).toBeUndefined();
  });

  test('what others keep there stays, whatever is pruned', async () => {
    const foreign = [
      `${PREFIX}/app/holiday.jpg`,
      `${PREFIX}/app/2020/x/y`,
      'elsewhere/z',
      `${PREFIX}/other/20200101T000000000Z-aaaaaa/dump`,
    ];
    for (const key of foreign) place.fake.plant(key, 'theirs');
    await send(await localBackup(50));
    await send(await localBackup(1));
    const policy = retentionPolicy({ keepDays: 'off', minKeep: 1 }, 'test');
    const run = { policy, now: new Date(Date.now() + 30 * DAY), inUse: new Set<string>(), dryRun: false };
    await pruneBackups(place.store(), FOLDER, run);
    for (const key of foreign) expect(place.fake.bodyOf(key)?.toString()).toBe('theirs');
    expect(await readCatalog([place.store()], FOLDER)).toHaveLength(1);
  });
});

test('unfinished uploads of a run that was killed go with the next pruning, a day later', async () => {
  const fake = new S3Fake();
  await fake.start();
  try {
    const store = s3StoreAt(fake, { partSize: 5 * 1024 * 1024 });
    const key = partKey(FOLDER, newBackupId(), 'dump');
    // The abort does not get through, as when the process is killed.
    fake.break({ op: 'UploadPart', skip: 1, status: 403, code: 'AccessDenied' });
    fake.break({ op: 'AbortMultipartUpload', status: 403, code: 'AccessDenied' });
    await expect(putBody(store, key, randomBytes(12 * 1024 * 1024))).rejects.toThrow('the right to do this');
    expect(fake.uploads.size).toBe(1);
    const policy = retentionPolicy({}, 'test');
    const prune = (now: Date) =>
      pruneBackups(store, FOLDER, { policy, now, inUse: new Set(), dryRun: false });
    expect((await prune(new Date())).swept).toEqual([]);
    expect((await prune(new Date(Date.now() + 2 * DAY))).swept).toEqual([`${key} (unfinished upload)`]);
    expect(fake.uploads.size).toBe(0);
  } finally {
    await fake.stop();
  }
});
