import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cacheFolder, prune, readEntry, removeEntry, writeEntry } from '../../src/database/cache-folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-cache-test-'));
  vi.stubEnv('TIDEMARK_CACHE_DIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const data = Buffer.from('some data');

test('gives back what was kept, under any key', async () => {
  for (const key of ['simple', 'we;ird/../key', 'ünï', 'x'.repeat(500), '']) {
    expect(await readEntry(key)).toBeUndefined();
    await writeEntry(key, data);
    expect(await readEntry(key)).toEqual(data);
  }
  expect(readdirSync(folder)).toHaveLength(5);
  await removeEntry('simple');
  expect(await readEntry('simple')).toBeUndefined();
  await writeEntry('empty', Buffer.alloc(0));
  expect(await readEntry('empty')).toEqual(Buffer.alloc(0));
});

test('a damaged entry counts as none and is deleted', async () => {
  const path = join(folder, 'key.entry');
  const damages: [string, () => void][] = [
    ['cut off', () => truncateSync(path, statSync(path).size - 1)],
    ['empty', () => truncateSync(path, 0)],
    [
      'one bit',
      () =>
        writeFileSync(
          path,
          readFileSync(path).map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
        ),
    ],
    ['longer', () => writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from('x')]))],
  ];
  for (const [name, damage] of damages) {
    await writeEntry('key', data);
    damage();
    expect(await readEntry('key'), name).toBeUndefined();
    expect(existsSync(path), name).toBe(false);
  }
});

test('many writers at once leave one whole entry and nothing else', async () => {
  const versions = Array.from({ length: 20 }, (_, i) => Buffer.alloc(200_000, i));
  await Promise.all(versions.map((version) => writeEntry('key', version)));
  const kept = await readEntry('key');
  expect(versions.some((version) => kept?.equals(version))).toBe(true);
  expect(readdirSync(folder)).toEqual(['key.entry']);
});

test('old entries and the leftovers of killed writers go, the rest stays', async () => {
  const days = (count: number) => (Date.now() - count * 86_400_000) / 1000;
  for (const [name, age] of [
    ['old.entry', 31],
    ['used.entry', 29],
    ['x.tmp', 2],
    ['y.tmp', 0],
    ['other.txt', 99],
  ] as const) {
    writeFileSync(join(folder, name), 'x');
    utimesSync(join(folder, name), days(age), days(age));
  }
  await prune(folder, Date.now());
  expect(readdirSync(folder).sort()).toEqual(['other.txt', 'used.entry', 'y.tmp']);
});

test('beyond the size limit the least used go', async () => {
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    const path = join(folder, `${name}.entry`);
    writeFileSync(path, '');
    truncateSync(path, 200 * 1024 * 1024); // Sparse: takes no space.
    utimesSync(path, 1_700_000_000 + index, 1_700_000_000 + index);
  }
  await prune(folder, 1_700_000_100_000);
  expect(readdirSync(folder).sort()).toEqual(['b.entry', 'c.entry']);
});

test('a use keeps an entry young', async () => {
  await writeEntry('key', data);
  const path = join(folder, 'key.entry');
  utimesSync(path, 1000, 1000);
  await readEntry('key');
  expect(Date.now() - statSync(path).mtimeMs).toBeLessThan(60_000);
});

test('where it cannot write, it uses the temporary folder, or does without', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  vi.stubEnv('TIDEMARK_CACHE_DIR', join(file, 'below a file'));
  vi.stubEnv('TMPDIR', folder);
  expect(await cacheFolder()).toBe(join(folder, `tidemark-cache-${process.getuid?.() ?? 'user'}`));
  vi.stubEnv('TMPDIR', join(file, 'nor there'));
  expect(await cacheFolder()).toBeUndefined();
  await writeEntry('key', data);
  expect(await readEntry('key')).toBeUndefined();
});

test.runIf(process.getuid?.() === 0)("a folder of somebody else's is not trusted", async () => {
  const { chownSync } = await import('node:fs');
  chownSync(folder, 65534, 65534);
  chmodSync(folder, 0o777);
  expect(await cacheFolder()).not.toBe(folder);
  const link = join(tmpdir(), `tidemark-link-${process.pid}`);
  symlinkSync(folder, link);
  vi.stubEnv('TIDEMARK_CACHE_DIR', link);
  expect(await cacheFolder()).not.toBe(link);
  rmSync(link);
});
