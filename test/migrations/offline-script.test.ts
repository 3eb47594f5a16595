import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { loadDialect } from '../../src/dialects.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { splitScript } from '../../src/sqlite/split-script.js';
import { runInShell } from '../support/shells.js';
import { type TestFolder, testFolder } from './support/folder.js';

const FILES = {
  '1_tables.sql': `CREATE TABLE parent (id integer PRIMARY KEY, name text);
CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1, 'it''s; one');
INSERT INTO child VALUES (10, 1)`,
  '1_tables.down.sql': 'DROP TABLE child; DROP TABLE parent;',
  '2_view.sql': `CREATE VIEW names AS SELECT name FROM parent -- what they are called`,
  '2_view.down.sql': 'DROP VIEW names;',
};

const REBUILD = `PRAGMA foreign_keys = OFF;
CREATE TABLE new_parent (id integer PRIMARY KEY, name text NOT NULL);
INSERT INTO new_parent SELECT * FROM parent;
DROP TABLE parent;
ALTER TABLE new_parent RENAME TO parent;
PRAGMA foreign_keys = ON;`;

let folder: TestFolder;
let db: Connection;

beforeEach(async () => {
  folder = await testFolder();
});
afterEach(async () => {
  await db.close();
  await folder.remove();
});

/** As the shell would, for machines without one: statement by statement, stopping at the first error. */
async function runScript(script: string): Promise<void> {
  const sql = script.replace(/^(?:\.bail on|\\set \w+ on)$/gm, '');
  if (db.engine === 'sqlite') {
    for (const statement of await splitScript(sql, 'script')) await db.executeAll([statement.sql]);
  } else {
    const dialect = await loadDialect('postgres');
    for (const statement of await dialect.splitScript(sql, 'script')) await db.executeAll([statement.sql]);
  }
}

test.each(['sqlite:memory', 'pglite:memory'])(
  'a script does what a run does, there and back (%s)',
  async (url) => {
    db = await openDatabase(parseDatabaseUrl(url));
    const dialect = await loadDialect(db.engine);
    const files = await folder.put(FILES);
    const up = await migrateUp(db, files, dialect, { script: true, target: '+1' });
    expect(up).toMatchObject({ dryRun: true, after: ['1'] });
    await expect(db.query('SELECT * FROM parent')).rejects.toThrow();
    await runScript(up.script!);
    expect(await db.query('SELECT * FROM child')).toEqual([{ id: 10, parent: 1 }]);
    // The second script finds the history that the first has made.
    await runScript((await migrateUp(db, files, dialect, { script: true })).script!);
    const status = await migrationStatus(db, files);
    expect(status).toMatchObject({
      current: ['2'],
      pending: 0,
      problems: [],
      lastRun: { outcome: 'done', operation: 'up' },
    });
    expect((await migrateUp(db, files, dialect)).steps).toEqual([]);
    expect((await migrateUp(db, files, dialect, { script: true })).script).toBe('-- nothing to do');

    await runScript((await migrateDown(db, files, dialect, { script: true, target: 'base' })).script!);
    expect(await migrationStatus(db, files)).toMatchObject({ current: [], pending: 2, problems: [] });
  },
);

test('a script for SQLite keeps foreign keys off around a table made anew, and sqlite3 runs it', async () => {
  const path = join(folder.path, 'app.db');
  db = await openDatabase({ engine: 'sqlite', adapter: 'sqlite', path });
  const files = await folder.put({
    ...FILES,
    '2_view.sql': null,
    '2_view.down.sql': null,
    '3_anew.sql': REBUILD,
  });
  const { script } = await migrateUp(db, files, await loadDialect('sqlite'), { script: true });
  const shell = spawnSync('sqlite3', [path], { input: script!, encoding: 'utf8' });
  if (shell.error === undefined) expect(shell).toMatchObject({ status: 0, stderr: '', stdout: '' });
  else await runScript(script!);
  expect(await db.query('SELECT * FROM child')).toEqual([{ id: 10, parent: 1 }]);
  expect(await migrationStatus(db, files)).toMatchObject({ current: ['3'], pending: 0, problems: [] });
});

test('a script for SQLite that leaves rows which refer to nothing stops before the commit, as a run does', async () => {
  const path = join(folder.path, 'app.db');
  db = await openDatabase({ engine: 'sqlite', adapter: 'sqlite', path });
  const dialect = await loadDialect('sqlite');
  await migrateUp(db, await folder.put(FILES), dialect);
  const orphans = 'PRAGMA foreign_keys = OFF;\nDELETE FROM parent;';
  const files = await folder.put({ '3_orphans.sql': orphans });
  const { script } = await migrateUp(db, files, dialect, { script: true });
  const { code, errors } = await runInShell(`sqlite:${path}`, script!);
  expect(code).toBeGreaterThan(0);
  expect(errors).toContain('rows refer to nothing after this migration');
  expect(await db.query('SELECT id FROM parent')).toEqual([{ id: 1 }]);
  expect((await migrationStatus(db, files)).current).toEqual(['2']);
  await expect(migrateUp(db, files, dialect)).rejects.toThrow();

  // Rows that were so before are no fault of a migration.
  await db.executeAll([
    'PRAGMA foreign_keys = OFF',
    'INSERT INTO child VALUES (11, 99)',
    'PRAGMA foreign_keys = ON',
  ]);
  const harmless = await folder.put({
    '3_orphans.sql': 'PRAGMA foreign_keys = OFF;\nUPDATE parent SET name = id;',
  });
  const again = await migrateUp(db, harmless, dialect, { script: true });
  expect(await runInShell(`sqlite:${path}`, again.script!)).toEqual({ code: 0, errors: '' });
});

test('a program in the range is refused, and the way around it told', async () => {
  db = await openDatabase(parseDatabaseUrl('sqlite:memory'));
  const files = await folder.put({ ...FILES, '3_fill.ts': 'export async function upgrade() {}' });
  const dialect = await loadDialect('sqlite');
  await expect(migrateUp(db, files, dialect, { script: true })).rejects.toMatchObject({
    code: 'program-offline',
    exitCode: 4,
    location: { file: join(folder.path, '3_fill.ts') },
  });
  expect((await migrateUp(db, files, dialect, { script: true, target: '+2' })).script).toContain(
    'CREATE VIEW names',
  );
});
