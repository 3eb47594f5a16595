import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBackup } from '../../../src/backup/create-backup.js';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import { restoreSqliteTable } from '../../../src/backup/sqlite/restore-table.js';
import { sqliteBackup } from '../../../src/backup/sqlite/sqlite-backup.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../src/backup/stored-backup.js';
import { type SqliteValue, sqliteDriver } from '../../../src/database/sqlite-driver.js';

let folder: string;
let file: string;
let backup: OpenBackup;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-sqlite-table-'));
  file = join(folder, 'app.db');
  await query(
    `CREATE TABLE p (id INTEGER PRIMARY KEY);
     CREATE TABLE "t ""1" (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE, v TEXT CHECK (v <> ''),
       twice TEXT AS (v || v) STORED);
     INSERT INTO p VALUES (1), (2);
     INSERT INTO "t ""1" (id, p_id, v) VALUES (7, 1, '007'), (8, 2, x'00ff')`,
  );
  const { manifest } = await createBackup(sqliteBackup({ engine: 'sqlite', adapter: 'sqlite', path: file }), {
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
  await query('PRAGMA foreign_keys = ON; DELETE FROM p');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function query(sql: string, select?: string): Promise<Record<string, SqliteValue>[]> {
  const database = (await sqliteDriver()).open(file);
  try {
    database.exec(sql);
    return select === undefined ? [] : database.all(select, []);
  } finally {
    database.close();
  }
}

const options = (table: string, as?: string) => ({ path: file, table, as, lockTimeoutMs: 500 });
const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const names = () => query('', "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");

test('the rows come beside the live table, which stays as it is', async () => {
  expect(await restoreSqliteTable(backup, options('t "1'))).toEqual({ table: 't "1_restored', rows: 2 });
  expect(await query('', `SELECT * FROM "t ""1_restored" ORDER BY id`)).toEqual([
    { id: 7n, p_id: 1n, v: '007', twice: '007007' },
    expect.objectContaining({ id: 8n, p_id: 2n }),
  ]);
  expect(await query('', 'SELECT * FROM "t ""1"')).toEqual([]);
  expect(await restoreSqliteTable(backup, options('t "1'))).toMatchObject({ table: 't "1_restored_2' });
  expect(await restoreSqliteTable(backup, options('p', 'lost'))).toEqual({ table: 'lost', rows: 2 });
  expect(existsSync(`${file}-tidemark`)).toBe(false);
});

test('never over one that is there, nor from one that is not', async () => {
  const before = await names();
  await expect(restoreSqliteTable(backup, options('p', 'T "1'))).rejects.toThrow(
    refused('table-exists', { exitCode: 2 }),
  );
  await expect(restoreSqliteTable(backup, options('nothing'))).rejects.toThrow(
    refused('table-unknown', { exitCode: 2, hints: ['It has: p, t "1.'] }),
  );
  await expect(
    restoreSqliteTable(backup, { ...options('p'), path: join(folder, 'nothing.db') }),
  ).rejects.toThrow(refused('cannot-connect'));
  expect(existsSync(join(folder, 'nothing.db'))).toBe(false);
  expect(await names()).toEqual(before);
});
