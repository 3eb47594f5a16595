import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { connectSqlite } from '../../src/database/sqlite-connection.js';
import { sqliteDevDatabase } from '../../src/database/sqlite-dev-database.js';
import { sqliteDriver } from '../../src/database/sqlite-driver.js';
import { brokenObjects } from '../../src/database/sqlite-health.js';
import { holdsQuotedStrings } from '../../src/database/sqlite-quoted-strings.js';
import { migrationEngine } from '../../src/migrations/engine.js';
import { applyPlan } from '../../src/planning/apply-plan.js';
import { planBetween } from '../../src/planning/plan-between.js';
import { Workbench } from '../../src/planning/workbench.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';

const driver = await sqliteDriver();
const folder = mkdtempSync(join(tmpdir(), 'tidemark-quotes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;

/** The part of better-sqlite3 that may write into sqlite_master. */
interface Unsafe {
  unsafeMode(): void;
  exec(sql: string): void;
  prepare(sql: string): { run(...values: string[]): void };
  close(): void;
}
const PACKAGE: string = 'better-sqlite3';

/** A database as another tool makes it. A driver that has no such strings gets them by way of the stored text. */
async function legacyDatabase(sql: string): Promise<string> {
  const path = join(folder, `${made++}.db`);
  if (driver.takesQuotedStrings) {
    const handle = driver.open(path, { quotedStrings: true });
    handle.exec(sql);
    handle.close();
    return path;
  }
  const { default: Database } = (await import(PACKAGE)) as { default: new (path: string) => Unsafe };
  const database = new Database(path);
  database.exec(sql.replaceAll(/"([^"]*)"/g, (_, text: string) => `'${text.replaceAll("'", "''")}'`));
  database.unsafeMode();
  database.exec('PRAGMA writable_schema = ON');
  for (const statement of sql.split(/;\s*/)) {
    const name = /^create \w+ (\w+)/i.exec(statement)?.[1];
    if (name !== undefined)
      database.prepare('UPDATE sqlite_master SET sql = ? WHERE name = ?').run(statement, name);
  }
  database.close();
  return path;
}

const open = (path: string) => connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path });

const LEGACY =
  'CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT CHECK (s <> "bad")); CREATE VIEW lit AS SELECT id, s = "lit" AS is_lit FROM t; INSERT INTO t VALUES (1, \'lit\')';

describe('finding strings in double quotes', () => {
  it.each([
    [LEGACY, true],
    ['CREATE TABLE a (x); CREATE VIEW v AS SELECT "lit" FROM a', true],
    ['CREATE TABLE a (x CHECK (x <> "it\'s"))', true],
  ])('%s holds some', async (sql, found) => {
    const handle = driver.open(await legacyDatabase(sql));
    expect(holdsQuotedStrings(handle)).toBe(found);
    handle.close();
  });

  it.each([
    'CREATE TABLE plain (a TEXT, b DEFAULT \'"bad"\')',
    'CREATE TABLE "we;ird ""q""" ("a b" TEXT, CONSTRAINT "c 1" CHECK ("a b" <> \'x\')); CREATE INDEX "i x" ON "we;ird ""q""" ("A B")',
    'CREATE TABLE a (x /* "no" */); CREATE VIEW v ("p q", "r") AS WITH "w" AS (SELECT x AS "y" FROM a) SELECT "y", "z"."y" FROM "w" AS "z"',
    'CREATE TABLE a (x); CREATE TRIGGER tr AFTER INSERT ON a BEGIN UPDATE "a" SET "x" = "new"."x" WHERE "rowid" = 1; END',
    'CREATE TABLE [b"c] (`d"e`)',
    'CREATE TABLE a (x) -- "that',
  ])('%s holds none', (sql) => {
    const handle = driver.open(':memory:');
    handle.exec(sql);
    expect(holdsQuotedStrings(handle)).toBe(false);
    handle.close();
  });
});

describe(`a database that holds some, by ${driver.name}`, () => {
  const plan = async (path: string, sql: string) => {
    const bench = new Workbench({ dialect: sqliteDialect, openDev: sqliteDevDatabase });
    const url = { engine: 'sqlite', adapter: 'sqlite', path } as const;
    try {
      const between = await planBetween(
        bench,
        { type: 'database', label: 'legacy', url },
        { type: 'scripts', label: 'schema', files: [{ name: 'schema.sql', sql }] },
        { open: () => open(path) },
      );
      return { ...between, notes: bench.notes };
    } finally {
      await bench.close();
    }
  };
  const WANTED = `CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT CHECK (s <> 'bad'));
    CREATE VIEW lit AS SELECT id, s = 'lit' AS is_lit FROM t`;

  it.runIf(driver.takesQuotedStrings)('is whole, and is brought to single quotes and back', async () => {
    const path = await legacyDatabase(LEGACY);
    const { up, down, proven, notes } = await plan(path, WANTED);
    expect(notes).toEqual([]);
    expect(proven).toBeDefined();
    const connection = await open(path);
    expect(await brokenObjects(connection)).toEqual([]);
    const by = { dialect: sqliteDialect, engine: await migrationEngine(connection), settings: [] };
    await applyPlan(connection, up, by);
    expect(await connection.query('SELECT * FROM lit')).toEqual([{ id: 1, is_lit: 1 }]);
    await applyPlan(connection, down, by);
    expect(await connection.query('SELECT * FROM lit')).toEqual([{ id: 1, is_lit: 1 }]);
    await connection.close();
    expect((await plan(path, WANTED)).up.steps).not.toEqual([]);
  });

  it.runIf(!driver.takesQuotedStrings)(
    'is planned for, with a word on which object and what to do',
    async () => {
      const path = await legacyDatabase(LEGACY);
      const { up, proven, notes } = await plan(path, WANTED);
      expect(proven).toBeUndefined();
      expect(notes.join('\n')).toMatch(/"Create table t": no such column: "bad".*in single quotes: 'bad'\)$/);
      const connection = await open(path);
      expect(await brokenObjects(connection)).toMatchObject([{ type: 'view', name: 'lit' }]);
      await applyPlan(connection, up, {
        dialect: sqliteDialect,
        engine: await migrationEngine(connection),
        settings: [],
      });
      expect(await connection.query('SELECT * FROM lit')).toEqual([{ id: 1, is_lit: 1 }]);
      await connection.close();
    },
  );

  it('takes no such string in SQL of your own: it may be a name with a slip in it', async () => {
    const error = await plan(await legacyDatabase(LEGACY), 'CREATE TABLE t (s TEXT CHECK (s <> "bad"))').then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({
      code: 'sql-failed',
      location: { file: 'schema.sql', line: 1 },
      hints: [expect.stringContaining("write a string in single quotes: 'bad'")],
    });
  });
});
