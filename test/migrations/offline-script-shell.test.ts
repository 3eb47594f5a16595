import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { loadDialect } from '../../src/dialects.js';
import type { MigrationFolder } from '../../src/migrations/folder.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { downRange, stampRange, upRange } from '../../src/migrations/range-script.js';
import { migrateStamp } from '../../src/migrations/stamp.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { describeEachServer, freshDatabase, type TestServer } from '../support/postgres-server.js';
import { runInShell } from '../support/shells.js';
import { connect } from './support/database.js';
import { type TestFolder, testFolder } from './support/folder.js';

/** Two branches and their merge, a line of its own that depends on one, and what psql and sqlite3 could trip over. */
const FILES = {
  '1000_base.sql':
    `CREATE TABLE base (id integer PRIMARY KEY, "odd ""name" text DEFAULT 'it''s; \\n :x -- no' -- comment`.concat(
      '\n);\nINSERT INTO base (id) VALUES (1)',
    ),
  '1000_base.down.sql': "-- tidemark:ignore drop-table it's \\a test\nDROP TABLE base;",
  '2000_left.sql': '-- tidemark:parent 1000\n-- tidemark:branch left\nCREATE TABLE lefts (id integer);',
  '2000_left.down.sql': 'DROP TABLE lefts;',
  '3000_right.sql': '-- tidemark:parent 1000\nCREATE TABLE rights (id integer); -- the end',
  '3000_right.down.sql': 'DROP TABLE rights',
  '4000_merge.sql':
    '-- tidemark:parent 2000 3000\nCREATE VIEW both_sides AS SELECT l.id FROM lefts l JOIN rights r ON l.id = r.id;',
  '4000_merge.down.sql': 'DROP VIEW both_sides;',
  '5000_reports.sql':
    '-- tidemark:parent base\n-- tidemark:branch reports\nCREATE TABLE reports (id integer);',
  '5000_reports.down.sql': 'DROP TABLE reports;',
  '6000_more.sql':
    '-- tidemark:parent 5000\n-- tidemark:depends-on 2000\nALTER TABLE reports ADD COLUMN l integer;',
  '6000_more.down.sql': 'ALTER TABLE reports DROP COLUMN l;',
};
/** Runs piece by piece. */
const PIECES = {
  postgres: {
    '7000_pieces.sql': `-- tidemark:parent 4000
SET search_path = pg_catalog;
CREATE INDEX CONCURRENTLY lefts_id ON public.lefts (id);
CREATE TABLE public.after_index (id int4);`,
    '7000_pieces.down.sql': 'DROP TABLE after_index; DROP INDEX CONCURRENTLY lefts_id;',
    '8000_unqualified.sql': '-- tidemark:parent 7000\nCREATE TABLE unqualified (id integer);',
    '8000_unqualified.down.sql': 'DROP TABLE unqualified;',
  },
  sqlite: {
    '7000_pieces.sql': `-- tidemark:parent 4000
-- tidemark:transaction none
CREATE TABLE after_index (id integer);
VACUUM;
CREATE INDEX lefts_id ON lefts (id);`,
    '7000_pieces.down.sql': 'DROP TABLE after_index; DROP INDEX lefts_id;',
    '8000_unqualified.sql':
      '-- tidemark:parent 7000\nPRAGMA foreign_keys = OFF;\nCREATE TABLE unqualified (id integer);',
    '8000_unqualified.down.sql': 'DROP TABLE unqualified;',
  },
};

describe('scripts in sqlite3', () => tests());
describeEachServer('scripts in psql', tests, { newest: true });

function tests(server?: TestServer): void {
  const engine = server === undefined ? 'sqlite' : 'postgres';
  const before: (() => unknown)[] = [];
  let folder: TestFolder;
  let files: MigrationFolder;
  /** Migrated by runs, and by scripts. */
  let run: { url: string; db: Connection };
  let shell: { url: string; db: Connection };

  const fresh = async (): Promise<{ url: string; db: Connection }> => {
    if (server !== undefined) {
      const { url, drop } = await freshDatabase(server);
      before.unshift(drop);
      const db = await connect(url);
      before.unshift(() => db.close());
      return { url, db };
    }
    const directory = mkdtempSync(join(tmpdir(), 'tidemark-script-'));
    before.unshift(() => rmSync(directory, { recursive: true }));
    const url = `sqlite:${join(directory, 'app.db')}`;
    const db = await connect(url);
    before.unshift(() => db.close());
    return { url, db };
  };
  beforeEach(async () => {
    folder = await testFolder();
    before.unshift(() => folder.remove());
    files = await folder.put({ ...FILES, ...PIECES[engine] });
    [run, shell] = [await fresh(), await fresh()];
  });
  afterEach(async () => {
    for (const step of before.splice(0)) await step();
  });

  const by = "o'hara";
  const dialect = () => loadDialect(engine);
  const runs = async (operation: 'up' | 'down' | 'stamp', target: string) => {
    if (operation === 'up') await migrateUp(run.db, files, await dialect(), { target, by, outOfOrder: true });
    if (operation === 'down') await migrateDown(run.db, files, await dialect(), { target, by });
    if (operation === 'stamp')
      await migrateStamp(run.db, files, await dialect(), { targets: target.split(' '), by });
  };
  /** The script for the database as it is, or for a range. */
  const scripted = async (operation: 'up' | 'down' | 'stamp', target: string): Promise<string> => {
    const options = { target, by, script: true, outOfOrder: true };
    if (operation === 'up') return (await migrateUp(shell.db, files, await dialect(), options)).script!;
    if (operation === 'down') return (await migrateDown(shell.db, files, await dialect(), options)).script!;
    const stamp = { targets: target.split(' '), by, script: true };
    return (await migrateStamp(shell.db, files, await dialect(), stamp)).script!;
  };
  const ranged = async (operation: 'up' | 'down' | 'stamp', range: string): Promise<string> => {
    const way = { up: upRange, down: downRange, stamp: stampRange }[operation];
    return (await way(files, await dialect(), { range, engine, by })).script;
  };
  const inShell = (script: string) => runInShell(shell.url, script);

  /** Everything that is not a time, a number drawn by chance or a process. */
  const state = async (db: Connection) => {
    const [revision, log, things] =
      engine === 'sqlite'
        ? [
            'tidemark_revision',
            'tidemark_log',
            "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'tidemark%' AND name NOT LIKE 'sqlite%' ORDER BY name",
          ]
        : [
            'tidemark.revision',
            'tidemark.log',
            "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname",
          ];
    const rows = await db.query(`SELECT * FROM ${revision} ORDER BY position`);
    const lines = await db.query(`SELECT * FROM ${log} ORDER BY id`);
    const without = (row: Record<string, unknown>, ...names: string[]) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
    return {
      rows: rows.map((row) => without(row, 'applied_at', 'duration_ms')),
      log: lines.map((line) => without(line, 'at', 'run', 'backend_pid')),
      things: await db.query(things),
    };
  };
  const same = async () => expect(await state(shell.db)).toEqual(await state(run.db));

  test('up, down and stamp for the database as it is', async () => {
    for (const [operation, target] of [
      ['up', '2000'],
      ['up', 'heads'],
      ['down', 'left@4000'],
      ['stamp', '3000 6000'],
      ['stamp', '4000 6000'],
      ['down', '2000'],
      ['up', 'reports@head'],
      ['up', 'heads'],
      ['down', 'reports@base'],
      ['down', 'base'],
      ['up', 'heads'],
    ] as const) {
      await runs(operation, target);
      expect([operation, target, await inShell(await scripted(operation, target))]).toEqual([
        operation,
        target,
        { code: 0, errors: '' },
      ]);
      await same();
    }
    expect(await migrationStatus(shell.db, files)).toMatchObject({
      problems: [],
      pending: 0,
    });
  });

  test('ranges lead from one state to the next without a database', async () => {
    for (const [operation, target, range] of [
      ['up', '2000', ':2000'],
      ['up', '4000', '2000:4000'],
      ['up', '8000', '4000:8000'],
      ['down', '4000', '8000:4000'],
      ['stamp', '1000', '4000:1000'],
      ['stamp', '4000', '1000:4000'],
      ['down', 'base', 'left@4000:'],
    ] as const) {
      await runs(operation, target);
      expect([range, await inShell(await ranged(operation, range))]).toEqual([
        range,
        { code: 0, errors: '' },
      ]);
      await same();
    }
  });

  test('a script from base makes the history tables, and stops where they are', async () => {
    const script = await ranged('up', 'base:heads');
    await runs('up', 'heads');
    expect(await inShell(script)).toEqual({ code: 0, errors: '' });
    await same();
    const again = await inShell(script);
    expect(again.code).toBeGreaterThan(0);
    expect(again.errors).toMatch(/the database has them already/i);
    await same();
  });

  test.each([
    ['up', '2000:4000'],
    ['up', '4000:8000'],
    ['down', '8000:4000'],
    ['down', '4000:2000'],
    ['stamp', '4000:2000'],
    ['stamp', '1000:3000'],
  ] as const)('%s %s twice fails in words and changes nothing', async (operation, range) => {
    const [from] = range.split(':');
    for (const { db } of [shell, run]) {
      await migrateUp(db, files, await dialect(), { target: from, by });
    }
    const script = await ranged(operation, range);
    expect(await inShell(script)).toEqual({ code: 0, errors: '' });
    const after = await state(shell.db);
    const again = await inShell(script);
    expect(again.code).toBeGreaterThan(0);
    expect(again.errors).toMatch(/this script is for a database that has (?:not )?applied/i);
    expect(await state(shell.db)).toEqual(after);
  });

  test('a script made for a database fails on one that has moved on since', async () => {
    const script = await scripted('up', '2000');
    await migrateUp(shell.db, files, await dialect(), { target: '1000', by });
    const { code, errors } = await inShell(script);
    expect(code).toBeGreaterThan(0);
    expect(errors).toMatch(/has them already/);
    const next = await scripted('up', '2000');
    await migrateUp(shell.db, files, await dialect(), { target: '3000', by });
    expect(await inShell(next)).toEqual({ code: 0, errors: '' });
    expect((await inShell(next)).errors).toMatch(/has not applied:? 2000/);
  });

  test('a statement that fails stops the script; what is before it stays, and up goes on', async () => {
    files = await folder.put({
      '3000_right.sql': '-- tidemark:parent 1000\nCREATE TABLE rights (id integer);\nSELECT * FROM nowhere;',
    });
    const failed = await inShell(await ranged('up', 'base:3000'));
    expect(failed.code).toBeGreaterThan(0);
    expect(failed.errors).toContain('nowhere');
    const status = await migrationStatus(shell.db, files);
    expect(status.current).toEqual(['1000']);
    await expect(shell.db.query('SELECT * FROM rights')).rejects.toThrow();
    files = await folder.put({ '3000_right.sql': FILES['3000_right.sql'] });
    await migrateUp(shell.db, files, await dialect(), { target: '3000' });
  });

  test('a run that stopped half way is finished by a script', async () => {
    const whole = PIECES[engine]['7000_pieces.sql'];
    files = await folder.put({ '7000_pieces.sql': `${whole}\nSELECT * FROM nowhere;` });
    await expect(migrateUp(shell.db, files, await dialect(), { target: '7000', by })).rejects.toThrow(
      'nowhere',
    );
    files = await folder.put({ '7000_pieces.sql': whole });
    const script = await scripted('up', '8000');
    expect(script).not.toContain('CREATE TABLE base');
    expect(await inShell(script)).toEqual({ code: 0, errors: '' });
    await runs('up', '8000');
    const [left, right] = [await state(shell.db), await state(run.db)];
    expect({ rows: left.rows, things: left.things }).toEqual({ rows: right.rows, things: right.things });
  });

  test('a damaged history is purged by a script', async () => {
    await migrateUp(shell.db, files, await dialect(), { target: '4000', by });
    const table = engine === 'sqlite' ? 'tidemark_revision' : 'tidemark.revision';
    await shell.db.executeAll([`ALTER TABLE ${table} DROP COLUMN checksum`]);
    const stamp = { targets: ['4000'], purge: true, script: true, by };
    const { script, remade } = await migrateStamp(shell.db, files, await dialect(), stamp);
    expect(remade).toBe(true);
    await expect(migrationStatus(shell.db, files)).rejects.toMatchObject({ code: 'history-damaged' });
    expect(await inShell(script!)).toEqual({ code: 0, errors: '' });
    expect(await migrationStatus(shell.db, files)).toMatchObject({ current: ['4000'], problems: [] });
    await runs('stamp', '4000');
    expect((await state(shell.db)).rows).toEqual((await state(run.db)).rows);
  });

  test('pieces that are done stay recorded, and a run takes the rest up', async () => {
    const broken = PIECES[engine]['7000_pieces.sql'].replace(
      /CREATE (TABLE|INDEX) (\S+)([^;]*);$/,
      'CREATE $1 $2$3;\nSELECT * FROM nowhere;',
    );
    files = await folder.put({ '7000_pieces.sql': broken });
    const failed = await inShell(await ranged('up', 'base:7000'));
    expect(failed.errors).toContain('nowhere');
    const half = (await migrationStatus(shell.db, files)).migrations.find(
      ({ revision }) => revision === '7000',
    );
    // What comes after the index shares a transaction with what fails; SQLite's file asks for none.
    const done = engine === 'sqlite' ? 3 : 2;
    expect(half).toMatchObject({ state: 'applying', statementsDone: done, statementsTotal: 4 });
    files = await folder.put({ '7000_pieces.sql': PIECES[engine]['7000_pieces.sql'] });
    expect((await migrateUp(shell.db, files, await dialect(), { target: '8000' })).steps).toMatchObject([
      { revision: '7000', alreadyDone: done },
      { revision: '8000' },
    ]);
  });
}
