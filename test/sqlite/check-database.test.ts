import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { openDatabase } from '../../src/database/open-database.js';
import { brokenObjects, foreignKeyViolations } from '../../src/database/sqlite-health.js';
import { checkSqlite, filesBeside } from '../../src/sqlite/check-database.js';
import { planSqliteReset, resetSqlite } from '../../src/sqlite/reset-database.js';

let folder: string;
let path: string;
let db: Connection;
const open = (file: string) => openDatabase({ engine: 'sqlite', adapter: 'sqlite', path: file });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-check-'));
  path = join(folder, 'app.db');
  db = await open(path);
});
afterEach(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

const without = (statements: readonly string[]) =>
  db.executeAll(['PRAGMA foreign_keys = OFF', ...statements, 'PRAGMA foreign_keys = ON']);

test('a sound database has no problems, and what must exist is looked up', async () => {
  await db.executeAll(['CREATE TABLE "we;ird" ("a.b", c)', 'CREATE VIEW v AS SELECT c FROM "we;ird"']);
  const check = await checkSqlite(db, {
    require: [
      { kind: 'table', name: '"we;ird"' },
      { kind: 'column', name: '"we;ird".C' },
      { kind: 'view', name: 'V' },
    ],
  });
  expect(check).toMatchObject({ file: path, journalMode: 'delete', integrity: [], problems: [] });
  expect(check.required.map(({ exists }) => exists)).toEqual([true, true, true]);
  const missing = await checkSqlite(db, { require: [{ kind: 'index', name: 'nowhere' }] });
  expect(missing.problems).toEqual(['index:nowhere does not exist']);
});

describe('orphans', () => {
  test.each([
    [
      'a plain key',
      'CREATE TABLE p (id INTEGER PRIMARY KEY)',
      'CREATE TABLE c (p REFERENCES p)',
      ['INSERT INTO c VALUES (5), (NULL)', 'INSERT INTO c VALUES (6)'],
    ],
    [
      'two columns',
      'CREATE TABLE p (a, b, UNIQUE (a, b))',
      'CREATE TABLE c (x, y, FOREIGN KEY (x, y) REFERENCES p (a, b))',
      ['INSERT INTO p VALUES (1, 1)', 'INSERT INTO c VALUES (1, 1), (1, 2), (2, 1), (NULL, 3)'],
    ],
    [
      'a parent that is not there',
      'SELECT 1',
      'CREATE TABLE c (p REFERENCES "no ""such""" (id))',
      ['INSERT INTO c VALUES (1), (2), (NULL)'],
    ],
    [
      'a table without rowid',
      'CREATE TABLE p (id INTEGER PRIMARY KEY)',
      'CREATE TABLE c (k TEXT PRIMARY KEY, p REFERENCES p) WITHOUT ROWID',
      ["INSERT INTO c VALUES ('a', 5), ('b', 6), ('c', NULL)"],
    ],
    [
      'a table without rowid whose key has two columns with odd names',
      'CREATE TABLE p (id INTEGER PRIMARY KEY)',
      'CREATE TABLE c (p REFERENCES p, "a b", rowid, PRIMARY KEY ("a b", rowid)) /* (x) */ without\nROWID',
      ['INSERT INTO c VALUES (5, 1, 1), (6, 1, 2), (NULL, 2, 1)'],
    ],
    [
      'a table with a column called rowid',
      'CREATE TABLE p (id INTEGER PRIMARY KEY)',
      'CREATE TABLE c (p REFERENCES p, rowid)',
      ['INSERT INTO c VALUES (5, 1), (6, 1), (NULL, 1)'],
    ],
    [
      'hostile names',
      'CREATE TABLE "p;" ("i d" UNIQUE)',
      'CREATE TABLE "c\'" ("p""" REFERENCES "p;" ("i d"))',
      ['INSERT INTO "c\'" VALUES (1), (2)'],
    ],
  ])('of %s are counted, and the query shows them', async (_, parent, child, rows) => {
    await without([parent, child, ...rows]);
    const [found, ...more] = await foreignKeyViolations(db);
    expect(more).toEqual([]);
    expect(found!.rows).toBe(2);
    expect(await db.query(found!.query)).toHaveLength(2);
    const check = await checkSqlite(db);
    expect(check.problems).toHaveLength(1);
    const remedy = /DELETE FROM .*$/s.exec(check.orphans[0]!.suggestion)![0];
    const table = /^DELETE FROM ("(?:[^"]|"")*"|\w+)/.exec(remedy)![1]!;
    const size = async () => (await db.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))[0]!.n;
    const before = await size();
    await without([remedy]);
    expect(await foreignKeyViolations(db)).toEqual([]);
    expect(before - (await size()), remedy).toBe(2);
  });
});

test('broken views and triggers are found, whatever fires the trigger', async () => {
  await db.executeAll([
    'CREATE TABLE t (a, b AS (a) STORED)',
    'CREATE TABLE gone (a)',
    'CREATE VIEW v AS SELECT a FROM gone',
    'CREATE VIEW fine AS SELECT a FROM t',
    ...['INSERT', 'DELETE', 'UPDATE', 'UPDATE OF a'].map(
      (event, n) => `CREATE TRIGGER t${n} AFTER /* on */ ${event} ON t BEGIN DELETE FROM gone; END`,
    ),
    'CREATE TRIGGER instead INSTEAD OF INSERT ON fine BEGIN DELETE FROM gone; END',
    'PRAGMA legacy_alter_table = ON',
    'DROP TABLE gone',
  ]);
  expect((await brokenObjects(db)).map(({ name }) => name)).toEqual(['v', 'instead', 't0', 't1', 't2', 't3']);
  expect((await checkSqlite(db)).problems[0]).toBe('view v is broken: no such table: main.gone');
});

test('damage is found', async () => {
  await db.executeAll([
    'CREATE TABLE t (a)',
    'CREATE INDEX i ON t (a)',
    "INSERT INTO t VALUES ('one'), ('two')",
  ]);
  const [index] = await db.query<{ rootpage: number }>("SELECT rootpage FROM sqlite_schema WHERE name = 'i'");
  const [page] = await db.query<{ page_size: number }>('PRAGMA page_size');
  await db.close();
  const bytes = readFileSync(path);
  const at = bytes.indexOf('one', (index!.rootpage - 1) * page!.page_size);
  bytes.write('One', at);
  writeFileSync(path, bytes);
  db = await open(path);
  const { problems } = await checkSqlite(db);
  expect(problems).toContainEqual(expect.stringMatching(/^the file is damaged: row 1 missing from index i/));
});

test('files and tables that others left are reported', async () => {
  await db.executeAll(['CREATE TABLE _alembic_tmp_users (a)', 'CREATE TABLE xalembicxtmpx (a)']);
  await db.close();
  writeFileSync(`${path}-journal`, '');
  const files = filesBeside(path);
  db = await open(path);
  expect((await checkSqlite(db, { files })).problems).toEqual([
    expect.stringContaining('a -journal file lay beside the database'),
    'table _alembic_tmp_users was left by an interrupted run of alembic and may hold the only copy of its rows',
  ]);
});

test('a write-ahead log of another copy is found before it does harm', async () => {
  const other = join(folder, 'other.db');
  const busy = await open(other);
  await busy.query('PRAGMA journal_mode = WAL');
  await busy.executeAll(['CREATE TABLE other (a)']);
  expect(filesBeside(other).map(({ suffix }) => suffix)).toEqual(['-wal', '-shm']);
  await db.executeAll(['CREATE TABLE mine (a)']);
  await db.close();
  copyFileSync(`${other}-wal`, `${path}-wal`);
  expect(() => filesBeside(path)).toThrow(expect.objectContaining({ code: 'stray-wal' }));
  rmSync(`${path}-wal`);
  await busy.close();
  db = await open(path);
  expect(await db.query('SELECT name FROM sqlite_schema')).toEqual([{ name: 'mine' }]);
});

test('a reset drops everything, whatever depends on what', async () => {
  await db.executeAll([
    'CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b REFERENCES b (id))',
    'CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a (id))',
    'INSERT INTO a (b) VALUES (NULL)',
    'INSERT INTO b VALUES (1, 1)',
    'UPDATE a SET b = 1',
    'CREATE VIEW "v "" w" AS SELECT * FROM a',
    'CREATE VIRTUAL TABLE notes USING fts5 (text)',
    'CREATE TABLE tidemark_log (a)',
    'CREATE TRIGGER tr AFTER DELETE ON a BEGIN DELETE FROM b; END',
    'CREATE INDEX i ON a (b)',
  ]);
  const plan = await planSqliteReset(db);
  expect(plan.drops.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'view v " w',
    'table notes',
    'table a',
    'table b',
    'table tidemark_log',
  ]);
  await resetSqlite(db);
  expect(await db.query(`SELECT name FROM sqlite_schema WHERE name <> 'sqlite_sequence'`)).toEqual([]);
  expect(await db.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
});
