import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBackup } from '../../../src/backup/create-backup.js';
import { embeddedBackup } from '../../../src/backup/embedded/embedded-backup.js';
import { restoreEmbeddedTable } from '../../../src/backup/embedded/restore-table.js';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../src/backup/stored-backup.js';
import { openEmbedded } from '../../../src/database/embedded-postgres.js';

let folder: string;
let path: string;
let backup: OpenBackup;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-embedded-table-'));
  path = join(folder, 'app');
  await run([
    'CREATE SCHEMA other',
    `CREATE TYPE mood AS ENUM ('good', 'bad')`,
    'CREATE TABLE p (id int PRIMARY KEY)',
    'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, p_id int REFERENCES p ON DELETE CASCADE, m mood)',
    `CREATE TABLE other."we""ird" (v text)`,
    'CREATE TABLE other.t (v text)',
    `INSERT INTO p VALUES (1), (2)`,
    `INSERT INTO t (p_id, m) VALUES (1, 'good'), (2, 'bad')`,
    `INSERT INTO other."we""ird" VALUES (E'a\\n\\\\restrict'), (NULL)`,
  ]);
  const { manifest } = await createBackup(embeddedBackup({ engine: 'postgres', adapter: 'embedded', path }), {
    root: join(folder, 'backups'),
    database: 'app',
    trigger: { kind: 'manual', migration: null },
    tags: [],
    pinned: false,
    encryption: undefined,
    jobs: undefined,
    excludeTableData: [],
    lockTimeoutMs: 2000,
  });
  backup = storedBackup(new FolderStore('local', join(folder, 'backups')), manifest, { folder: 'app' });
  await run(['DELETE FROM p', 'DROP TABLE other."we""ird"']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(statements: string[], select = 'SELECT 1'): Promise<object[]> {
  const database = await openEmbedded({ path });
  try {
    await database.executeAll(statements);
    return await database.query(select);
  } finally {
    await database.close();
  }
}

const options = (table: string, as?: string) => ({ path, table, as, lockTimeoutMs: 0 });
const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

test('the rows come beside the live table, which stays as it is', async () => {
  expect(await restoreEmbeddedTable(backup, options('t'))).toEqual({ table: 'public.t_restored', rows: 2 });
  expect(await run([], 'SELECT id, p_id, m::text FROM t_restored ORDER BY id')).toEqual([
    { id: 1, p_id: 1, m: 'good' },
    { id: 2, p_id: 2, m: 'bad' },
  ]);
  expect(await run([], 'SELECT * FROM t')).toEqual([]);
  expect(await restoreEmbeddedTable(backup, options('t'))).toMatchObject({ table: 'public.t_restored_2' });
  // One that is gone may have its own name again.
  expect(await restoreEmbeddedTable(backup, options('we"ird', 'we"ird'))).toEqual({
    table: 'other.we"ird',
    rows: 2,
  });
  expect(await run([], 'SELECT v FROM other."we""ird" ORDER BY v')).toEqual([
    { v: 'a\n\\restrict' },
    { v: null },
  ]);
});

test('a name that another table of the backup has, and nothing in the live database, is free', async () => {
  await run(['ALTER TABLE other.t RENAME TO gone']);
  expect(await restoreEmbeddedTable(backup, options('other.we"ird', 't'))).toEqual({
    table: 'other.t',
    rows: 2,
  });
  expect(await run([], 'SELECT count(*)::int AS n FROM other.t')).toEqual([{ n: 2 }]);
});

test('never over one that is there, nor from one that is not, nor in part', async () => {
  await expect(restoreEmbeddedTable(backup, options('t', 'p'))).rejects.toThrow(
    refused('table-exists', { exitCode: 2 }),
  );
  await expect(restoreEmbeddedTable(backup, options('nothing'))).rejects.toThrow(
    refused('table-unknown', { exitCode: 2 }),
  );
  await run(['DROP TABLE t, t_restored, t_restored_2', 'DROP TYPE mood']);
  await expect(restoreEmbeddedTable(backup, options('public.t', 'lost'))).rejects.toThrow(
    refused('restore-failed'),
  );
  expect(await run([], `SELECT relname FROM pg_class WHERE relname = 'lost'`)).toEqual([]);
});
