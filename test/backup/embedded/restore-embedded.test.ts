import { cpSync, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createBackup } from '../../../src/backup/create-backup.js';
import { embeddedBackup } from '../../../src/backup/embedded/embedded-backup.js';
import {
  recoverEmbedded,
  restoreEmbedded,
  undoEmbedded,
} from '../../../src/backup/embedded/restore-embedded.js';
import { unpackFolder } from '../../../src/backup/embedded/unpack-folder.js';
import type { Manifest } from '../../../src/backup/manifest.js';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import type { FileRestoreOptions } from '../../../src/backup/sqlite/restore-sqlite.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../src/backup/stored-backup.js';
import { openEmbedded } from '../../../src/database/embedded-postgres.js';
import { startChild } from '../sqlite/support/child.js';

/** A database with what was added after its backup, and the backup: making them takes seconds. */
let template: string;
let manifest: Manifest;
let folder: string;
let data: string;
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'tidemark-embedded-template-'));
  const path = join(template, 'data', 'app');
  await mkdir(join(template, 'data'));
  const database = await openEmbedded({ path });
  await database.executeAll([
    'CREATE ROLE reader',
    'CREATE TABLE b (n int, v text)',
    `INSERT INTO b VALUES (1, 'a'), (2, NULL), (3, 'c')`,
    'GRANT SELECT ON b TO reader',
  ]);
  await database.close();
  ({ manifest } = await createBackup(embeddedBackup({ engine: 'postgres', adapter: 'embedded', path }), {
    root: join(template, 'backups'),
    database: 'app',
    trigger: { kind: 'manual', migration: null },
    tags: [],
    pinned: false,
    encryption: undefined,
    jobs: undefined,
    excludeTableData: [],
    lockTimeoutMs: 2000,
  }));
  const later = await openEmbedded({ path });
  await later.executeAll(['INSERT INTO b VALUES (4, NULL)']);
  await later.close();
});
afterAll(() => rm(template, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-embedded-restore-'));
  cpSync(template, folder, { recursive: true });
  data = join(folder, 'data', 'app');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const OLD = [1, 2, 3];
const NEW = [1, 2, 3, 4];
const root = () => join(folder, 'backups');
const backup = (change: Partial<Manifest> = {}): OpenBackup =>
  storedBackup(new FolderStore('local', root()), { ...manifest, ...change }, { folder: 'app' });
const options = (change: Partial<FileRestoreOptions> = {}): FileRestoreOptions => ({
  path: data,
  keepOld: true,
  lockTimeoutMs: 0,
  ...change,
});
const beside = async () => (await readdir(join(folder, 'data'))).sort();
const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

async function rowsOf(path = data): Promise<number[]> {
  const database = await openEmbedded({ path });
  try {
    return (await database.query<{ n: number }>('SELECT n FROM b ORDER BY n')).map(({ n }) => n);
  } finally {
    await database.close();
  }
}

test('it is swapped in, what was there is kept, and undone it is back', async () => {
  const { id } = manifest;
  const restored = await restoreEmbedded(backup(), options());
  expect(restored).toEqual({ path: data, old: `${data}.before-restore-${id}`, recovered: 'nothing' });
  expect(await beside()).toEqual(['app', `app.before-restore-${id}`, 'app.tidemark-restore']);
  // No lock of ours stays in either.
  for (const path of [data, restored.old ?? '']) {
    expect((await readdir(path)).filter((name) => name.startsWith('tidemark'))).toEqual([]);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  }
  expect(await rowsOf()).toEqual(OLD);
  expect(await rowsOf(restored.old)).toEqual(NEW);
  await undoEmbedded(options());
  expect(await rowsOf()).toEqual(NEW);
  await undoEmbedded(options());
  expect(await rowsOf()).toEqual(OLD);
  expect(await beside()).toEqual(['app', `app.before-restore-${id}`, 'app.tidemark-restore']);
});

test('a backup of another version comes from its SQL, with the roles that it needs', async () => {
  const notes: string[] = [];
  const { old } = await restoreEmbedded(
    backup({ engine: { ...manifest.engine, version: '17.5' } }),
    options({ keepOld: false, onEvent: (event) => event.type === 'note' && notes.push(event.text) }),
  );
  expect(old).toBeUndefined();
  expect(notes).toEqual([expect.stringContaining('17.5, so the database is restored from its SQL')]);
  expect(await rowsOf()).toEqual(OLD);
  expect(await beside()).toEqual(['app']);
  const database = await openEmbedded({ path: data });
  expect(await database.query("SELECT has_table_privilege('reader', 'b', 'SELECT') AS ok")).toEqual([
    { ok: true },
  ]);
  await database.close();
  await expect(undoEmbedded(options())).rejects.toThrow(refused('undo-impossible', { exitCode: 2 }));
});

test('a damaged folder is replaced, and kept; where there is none, one is made', async () => {
  await rm(join(data, 'global'), { recursive: true });
  const { old } = await restoreEmbedded(backup(), options());
  expect(await rowsOf()).toEqual(OLD);
  expect(existsSync(join(old ?? '', 'base'))).toBe(true);
  const path = join(folder, 'new', 'place');
  expect(await restoreEmbedded(backup(), options({ path }))).toMatchObject({ old: undefined });
  expect(await rowsOf(path)).toEqual(OLD);
  await expect(undoEmbedded(options({ path }))).rejects.toThrow(refused('undo-impossible'));
});

describe('refused, and nothing is changed', () => {
  test('while somebody has it open; beforeSwap may close it', async () => {
    const open = await openEmbedded({ path: data });
    await expect(restoreEmbedded(backup(), options())).rejects.toThrow(
      refused('database-locked', { exitCode: 4, message: expect.stringContaining(String(process.pid)) }),
    );
    expect(await beside()).toEqual(['app']);
    expect(await open.query('SELECT count(*)::int AS n FROM b')).toEqual([{ n: 4 }]);
    await restoreEmbedded(backup(), options({ beforeSwap: () => open.close() }));
    expect(await rowsOf()).toEqual(OLD);
  });

  test('a backup that was cut, or holds something else', async () => {
    const part = join(root(), 'app', manifest.id, 'data-folder.tar.gz');
    const whole = await readFile(part);
    await writeFile(part, whole.subarray(0, whole.length - 1));
    await expect(restoreEmbedded(backup(), options())).rejects.toThrow(refused('backup-damaged'));
    await writeFile(part, whole);
    const tables = manifest.tables.map((table) => ({ ...table, rows: 99 }));
    await expect(restoreEmbedded(backup({ tables }), options())).rejects.toThrow(
      refused('backup-damaged', { message: expect.stringContaining('should have 99') }),
    );
    expect(await beside()).toEqual(['app']);
    expect(await rowsOf()).toEqual(NEW);
  });

  test('a swap that fails half-way is put back', async () => {
    for (const failing of ['held', 'recorded', 'live kept', 'renamed', 'synced']) {
      const atStep = (step: string) => {
        if (step === failing) throw new Error(`failed when ${step}`);
      };
      await expect(restoreEmbedded(backup(), options({ atStep }))).rejects.toThrow(`failed when ${failing}`);
      expect(await beside()).toEqual(['app']);
      expect((await readdir(data)).filter((name) => name.startsWith('tidemark'))).toEqual([]);
    }
    expect(await rowsOf()).toEqual(NEW);
  });
});

describe('killed at any step, the next run settles it', () => {
  const STEPS = [
    'begun',
    'unpacked',
    'checked',
    'held',
    'recorded',
    'live kept',
    'renamed',
    'synced',
    'done',
  ];
  for (const [at, step] of STEPS.entries()) {
    test(step, async () => {
      const { id } = manifest;
      const killed = startChild('restore.ts', ['embedded', 'restore', data, root(), id, step]);
      expect((await killed.ended).outcome).toBe('SIGKILL');
      const swapped = at >= STEPS.indexOf('renamed');
      expect(await recoverEmbedded(data)).toBe(
        step === 'done' ? 'nothing' : swapped ? 'finished' : 'rolled-back',
      );
      expect(await rowsOf()).toEqual(swapped ? OLD : NEW);
      expect(await beside()).toEqual(
        swapped ? ['app', `app.before-restore-${id}`, 'app.tidemark-restore'] : ['app'],
      );
      if (swapped) {
        expect(await rowsOf(`${data}.before-restore-${id}`)).toEqual(NEW);
        await undoEmbedded(options());
        expect(await rowsOf()).toEqual(NEW);
      }
    });
  }

  test('a folder that was made in the place of the live one meanwhile is kept aside', async () => {
    const killed = startChild('restore.ts', ['embedded', 'restore', data, root(), manifest.id, 'live kept']);
    expect((await killed.ended).outcome).toBe('SIGKILL');
    expect(existsSync(data)).toBe(false);
    const database = await openEmbedded({ path: data });
    await database.executeAll(['CREATE TABLE b (n int)', 'INSERT INTO b VALUES (77)']);
    await database.close();
    await restoreEmbedded(backup(), options());
    expect(await rowsOf()).toEqual(OLD);
    expect(await rowsOf(`${data}.made-meanwhile`)).toEqual([77]);
    expect(await rowsOf(`${data}.before-restore-${manifest.id}`)).toEqual(NEW);
  });
});

test('nothing of a tar gets out of the folder that it is unpacked into', async () => {
  const header = Buffer.alloc(1024);
  header.write('../outside');
  header.write('00000000001\0', 124);
  const tar = Buffer.concat([header, Buffer.alloc(1024)]);
  await expect(unpackFolder(tar, join(folder, 'inside'))).rejects.toThrow('leads out');
  expect(existsSync(join(folder, 'outside'))).toBe(false);
});
