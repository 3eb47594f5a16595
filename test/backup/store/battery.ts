import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BackupStore } from '../../../src/backup/store/backup-store.js';

const MEBIBYTE = 1024 * 1024;

/** What a store of one kind gives the battery. */
export interface BatteryPlace {
  /** The store under test; its contents stay between the tests of a battery. */
  readonly store: () => BackupStore;
  /** The same place, opened by somebody else. */
  readonly again: () => BackupStore;
  /** Puts an object there past the store, where that can be done. */
  readonly plant?: ((key: string, body: string) => Promise<void> | void) | undefined;
}

/** What `put` has to be told of a body. */
export function putOptions(body: Buffer) {
  return { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
}

/** Puts a body that is at hand. */
export function putBody(store: BackupStore, key: string, body: Buffer): Promise<void> {
  return store.put(key, () => Readable.from(body.length === 0 ? [] : [body]), putOptions(body));
}

export async function bodyOf(store: BackupStore, key: string): Promise<Buffer> {
  return buffer(await store.get(key));
}

/** What every store has to do, whatever it is: the contract of BackupStore. Run within a `describe`. */
export function storeBattery({ store, again, plant }: BatteryPlace): void {
  const database = `battery-${randomBytes(4).toString('hex')}`;
  const id = (n: number) => `20261120T1430001${String(n).padStart(2, '0')}Z-4fz9ka`;
  const key = (n: number, part = 'dump') => `${database}/${id(n)}/${part}`;
  const refused = (code: string) => expect.objectContaining({ name: 'TidemarkError', code });
  const keysBelow = async (prefix: string) => (await again().list(prefix)).map((found) => found.key).sort();

  test.each([
    ['nothing', 0],
    ['a byte', 1],
    ['a manifest', 3000],
    ['a part of exactly 6 MiB', 6 * MEBIBYTE],
    ['a part of several chunks', 12 * MEBIBYTE + 1],
    ['a part of several parts', 33 * MEBIBYTE + 7],
  ])('%s comes back as it went', async (name, bytes) => {
    const body = randomBytes(bytes);
    const at = `${database}/${id(1)}/${name.replaceAll(' ', '-')}`;
    const progress: number[] = [];
    await store().put(at, () => Readable.from(chunksOf(body, 65_537)), {
      ...putOptions(body),
      onProgress: (done) => progress.push(done),
    });
    expect((await bodyOf(again(), at)).equals(body)).toBe(true);
    expect((await again().list(at)).find((found) => found.key === at)).toEqual({ key: at, bytes });
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1) ?? 0).toBe(bytes);
  });

  test('nothing is overwritten, small or large', async () => {
    for (const [n, bytes] of [
      [10, 10],
      [11, 7 * MEBIBYTE],
    ] as const) {
      const first = randomBytes(bytes);
      await putBody(store(), key(n), first);
      await expect(putBody(store(), key(n), randomBytes(bytes))).rejects.toThrow(refused('object-exists'));
      await expect(putBody(again(), key(n), first)).rejects.toThrow(refused('object-exists'));
      expect((await bodyOf(store(), key(n))).equals(first)).toBe(true);
    }
  });

  test('what is not what was announced is not kept', async () => {
    const body = randomBytes(50_000);
    const large = randomBytes(7 * MEBIBYTE);
    const cases = [
      [body, { ...putOptions(body), bytes: 50_001 }],
      [body, { ...putOptions(body), sha256: putOptions(randomBytes(3)).sha256 }],
      [large, { ...putOptions(large), sha256: putOptions(body).sha256 }],
      [large.subarray(1), putOptions(large)],
    ] as const;
    for (const [sent, announced] of cases) {
      const put = store().put(key(20), () => Readable.from(chunksOf(sent, 65_536)), announced);
      await expect(put).rejects.toThrow(refused('store-failed'));
      expect(await keysBelow(key(20))).toEqual([]);
    }
  });

  test('a source that fails leaves nothing, and its own error', async () => {
    for (const bytes of [1000, 20 * MEBIBYTE]) {
      async function* source() {
        yield randomBytes(bytes);
        throw new Error('the disk broke');
      }
      const put = store().put(key(21), () => Readable.from(source()), {
        bytes: bytes * 2,
        sha256: '0'.repeat(64),
      });
      await expect(put).rejects.toThrow('the disk broke');
      expect(await keysBelow(key(21))).toEqual([]);
    }
  });

  test('an abort ends an upload and leaves nothing', async () => {
    const stop = new AbortController();
    async function* source() {
      yield randomBytes(17 * MEBIBYTE);
      stop.abort(new Error('enough'));
      await pause(5);
      yield randomBytes(17 * MEBIBYTE);
    }
    const put = store().put(key(22), () => Readable.from(source()), {
      bytes: 34 * MEBIBYTE,
      sha256: '0'.repeat(64),
      signal: stop.signal,
    });
    await expect(put).rejects.toThrow();
    expect(await keysBelow(key(22))).toEqual([]);
    await expect(put.catch((error: unknown) => error)).resolves.not.toMatchObject({ code: 'store-failed' });
  });

  test('what is not there', async () => {
    await expect(store().get(key(30))).rejects.toThrow(refused('object-missing'));
    await store().remove(key(30));
    expect(await store().list(`${database}/${id(30)}/`)).toEqual([]);
    expect(await store().list('no-such-database/')).toEqual([]);
  });

  test('what is removed is gone, and only that', async () => {
    await putBody(store(), key(31, 'a'), Buffer.from('a'));
    await putBody(store(), key(31, 'ab'), Buffer.from('ab'));
    await store().remove(key(31, 'a'));
    expect(await keysBelow(key(31, ''))).toEqual([key(31, 'ab')]);
    await expect(again().get(key(31, 'a'))).rejects.toThrow(refused('object-missing'));
    await putBody(store(), key(31, 'a'), Buffer.from('new'));
    expect((await bodyOf(store(), key(31, 'a'))).toString()).toBe('new');
  });

  test('a listing takes a prefix as the beginning of keys, whole or not', async () => {
    for (const part of ['one', 'one-two', 'two']) await putBody(store(), key(32, part), Buffer.from(part));
    expect(await keysBelow(key(32, ''))).toEqual([key(32, 'one'), key(32, 'one-two'), key(32, 'two')]);
    expect(await keysBelow(key(32, 'on'))).toEqual([key(32, 'one'), key(32, 'one-two')]);
    expect(await keysBelow(key(32, 'two'))).toEqual([key(32, 'two')]);
    expect(await keysBelow(`${database}/${id(32).slice(0, -3)}`)).toHaveLength(3);
    const all = await keysBelow('');
    expect(all).toEqual(expect.arrayContaining([key(32, 'one'), key(32, 'two')]));
  });

  test('keys that lead elsewhere are refused by every method', async () => {
    for (const bad of [
      '../x',
      'a/../../x',
      '/x',
      'a//b',
      'a/',
      '',
      'a/.b',
      'a b',
      'a#b',
      'a?b=c',
      'ü',
      'a\\b',
      'a\0b',
      'a%2e',
    ]) {
      const wrong = refused('backup-name-invalid');
      await expect(putBody(store(), bad, Buffer.from('x')), bad).rejects.toThrow(wrong);
      await expect(store().get(bad), bad).rejects.toThrow(wrong);
      await expect(store().remove(bad), bad).rejects.toThrow(wrong);
    }
    await expect(store().list('../')).rejects.toThrow(refused('backup-name-invalid'));
    await expect(store().list('a/../b')).rejects.toThrow(refused('backup-name-invalid'));
  });

  test('a reader may leave before the end, or before it began', async () => {
    await putBody(store(), key(33), randomBytes(3 * MEBIBYTE));
    const early = await store().get(key(33));
    early.destroy();
    const late = await store().get(key(33));
    for await (const _ of late) break;
    expect((await bodyOf(store(), key(33))).length).toBe(3 * MEBIBYTE);
  });

  test('a sweep takes no object', async () => {
    const before = await keysBelow(`${database}/`);
    expect(before.length).toBeGreaterThan(0);
    await store().sweep(new Date(Date.now() + 60_000));
    expect(await keysBelow(`${database}/`)).toEqual(before);
  });

  if (plant !== undefined) {
    test('objects of others are neither listed as ours nor in the way', async () => {
      for (const foreign of [`${database}/ü mlaut`, `${database}/${id(40)}/.hidden`, `${database}/a b`])
        await plant(foreign, 'x');
      await putBody(store(), key(40), Buffer.from('ours'));
      expect(await keysBelow(`${database}/${id(40)}/`)).toEqual([key(40)]);
      expect((await keysBelow(`${database}/`)).filter((found) => !/^[\w./-]+$/.test(found))).toEqual([]);
    });
  }

  test('everything goes at the end', async () => {
    for (const found of await keysBelow(`${database}/`)) await store().remove(found);
    expect(await keysBelow(`${database}/`)).toEqual([]);
  });
}

function* chunksOf(body: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}
