import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type Connection, DatabaseError } from '../../src/database/connection.js';
import { openDevDatabase } from '../../src/database/open-dev-database.js';
import { betterSqlite } from '../../src/database/sqlite-better.js';
import { connectSqlite } from '../../src/database/sqlite-connection.js';
import { type SqliteDriver, sqliteDriver } from '../../src/database/sqlite-driver.js';
import { nodeSqlite } from '../../src/database/sqlite-node.js';
import { resultCodeName } from '../../src/database/sqlite-result-codes.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const builtIn = major > 22 || (major === 22 && minor >= 13);
/** What has been built for this Node: .ci/run tests the one on Node 20, the other on the newest. */
const driver: SqliteDriver = builtIn ? nodeSqlite()! : await betterSqlite();

const folder = mkdtempSync(join(tmpdir(), 'tidemark-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const memory = () => connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path: undefined }, driver);
const file = (path: string) => connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path }, driver);

async function failure(work: Promise<unknown>): Promise<DatabaseError> {
  const error = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof DatabaseError)) throw new Error(`no DatabaseError but ${error}`);
  return error;
}

async function withMemory<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await memory();
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

test('the driver is the one that this Node calls for', async () => {
  expect((await sqliteDriver()).name).toBe(builtIn ? 'node:sqlite' : 'better-sqlite3');
  expect(nodeSqlite() !== undefined).toBe(builtIn);
});

describe(`a connection by ${driver.name}`, () => {
  test('says what it is', () =>
    withMemory(async (connection) => {
      const [row] = await connection.query<{ v: string }>('SELECT sqlite_version() AS v');
      expect(connection.version).toBe(`SQLite ${row!.v}`);
      const [x, y, z] = row!.v.split('.').map(Number);
      expect(connection.versionNumber).toBe(x! * 1_000_000 + y! * 1_000 + z!);
      expect(connection.label).toBe('sqlite::memory:');
    }));

  test('has the same session with every driver', () =>
    withMemory(async (connection) => {
      expect(await connection.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
      expect(await connection.query('PRAGMA busy_timeout')).toEqual([{ timeout: 5000 }]);
      const error = await failure(connection.query('SELECT "no string"'));
      expect(error.message).toContain('no such column');
    }));

  test.each([
    ['integers to 2^53 are numbers', 'SELECT 9007199254740991 AS v', 9007199254740991],
    ['larger ones are bigints, unrounded', 'SELECT 9223372036854775807 AS v', 9223372036854775807n],
    ['also negative', 'SELECT -9223372036854775808 AS v', -9223372036854775808n],
    ['reals', 'SELECT 0.1 AS v', 0.1],
    ['text', `SELECT 'déjà 🐘' AS v`, 'déjà 🐘'],
    ['NULL', 'SELECT NULL AS v', null],
    ['blobs', `SELECT x'00ff' AS v`, Buffer.from([0, 255])],
  ])('reads %s', (_, sql, expected) =>
    withMemory(async (connection) => {
      expect(await connection.query(sql)).toEqual([{ v: expected }]);
    }),
  );

  test.each([
    [1, 'integer', 1],
    [-0.5, 'real', -0.5],
    [2n ** 62n, 'integer', 2n ** 62n],
    [true, 'integer', 1],
    [null, 'null', null],
    [undefined, 'null', null],
    ['007', 'text', '007'],
    [new Uint8Array([1, 2]), 'blob', Buffer.from([1, 2])],
    [new Date(0), 'text', '1970-01-01T00:00:00.000Z'],
    [{ a: [1] }, 'text', '{"a":[1]}'],
  ])('stores %s as %s', (value, type, stored) =>
    withMemory(async (connection) => {
      expect(await connection.query('SELECT typeof(?1) AS t, ?1 AS v', [value])).toEqual([
        { t: type, v: stored },
      ]);
    }),
  );

  test('binds numbered and bare parameters', () =>
    withMemory(async (connection) => {
      expect(await connection.query('SELECT ?2 AS b, ?1 AS a', ['one', 'two'])).toEqual([
        { a: 'one', b: 'two' },
      ]);
      expect(await connection.query(`SELECT ? AS a, ? AS b, '?1' AS c`, ['one', 'two'])).toEqual([
        { a: 'one', b: 'two', c: '?1' },
      ]);
      expect(await connection.query('CREATE TABLE t (a, b)')).toEqual([]);
      expect(await connection.query('INSERT INTO t VALUES (?2, ?1) RETURNING a, b', [1, 2])).toEqual([
        { a: 2, b: 1 },
      ]);
      expect(await connection.query('UPDATE t SET a = ?1', [3])).toEqual([]);
      expect(await connection.query('SELECT * FROM t')).toEqual([{ a: 3, b: 1 }]);
    }));

  test('any value that fits comes back as it was', () =>
    withMemory(async (connection) => {
      const value = fc.oneof(
        fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
        fc.maxSafeInteger(),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        fc.constant(null),
      );
      await fc.assert(
        fc.asyncProperty(value, async (v) => {
          expect(await connection.query('SELECT ?1 AS v', [v])).toEqual([{ v }]);
        }),
      );
    }));

  test.each([
    ['SELECT * FRM t', 9, 'SQLITE_ERROR'],
    [`SELECT 'FRM' AS a, "FRM" FRM FRM FRM t`, 29, 'SQLITE_ERROR'],
    ['CREATE TABLE x (a', 17, 'SQLITE_ERROR'],
    ['SELECT absent FROM t', 7, 'SQLITE_ERROR'],
    ['SELECT a FROM main.missing', 19, 'SQLITE_ERROR'],
    ["SELECT 'open", 7, 'SQLITE_ERROR'],
    ['INSERT INTO t VALUES (1)', undefined, 'SQLITE_CONSTRAINT_UNIQUE'],
    ['INSERT INTO child VALUES (99)', undefined, 'SQLITE_CONSTRAINT_FOREIGNKEY'],
  ])('says where and why it refuses: %s', (sql, position, code) =>
    withMemory(async (connection) => {
      await connection.executeAll([
        'CREATE TABLE t (a UNIQUE)',
        'INSERT INTO t VALUES (1)',
        'CREATE TABLE child (t REFERENCES t (a))',
      ]);
      for (const work of [connection.query(sql), connection.executeAll([sql])]) {
        const error = await failure(work);
        expect({ position: error.position, code: error.sqlstate }).toEqual({ position, code });
      }
    }),
  );

  test('stops at the statement that fails and names it', () =>
    withMemory(async (connection) => {
      const error = await failure(
        connection.executeAll(['CREATE TABLE a (x)', 'CREATE TABLE a (x)', 'CREATE TABLE b (x)']),
      );
      expect(error.statement).toBe(1);
      expect(await connection.query('SELECT name FROM sqlite_schema')).toEqual([{ name: 'a' }]);
    }));

  test('rolls back, also when an error has ended the transaction already', () =>
    withMemory(async (connection) => {
      await connection.executeAll([
        'CREATE TABLE t (a UNIQUE ON CONFLICT ROLLBACK)',
        'BEGIN',
        'INSERT INTO t VALUES (1)',
      ]);
      await failure(connection.executeAll(['INSERT INTO t VALUES (1)']));
      await connection.executeAll(['ROLLBACK']);
      expect(await connection.query('SELECT * FROM t')).toEqual([]);
      await failure(connection.executeAll(['COMMIT']));
    }));
});

describe('opening', () => {
  test('makes the file but not the folder', async () => {
    const connection = await file(join(folder, 'we;ird "é".db'));
    await connection.executeAll(['CREATE TABLE t (a)']);
    await connection.close();
    await expect(file(join(folder, 'missing', 'app.db'))).rejects.toThrow(
      /the folder .*missing does not exist/,
    );
  });

  test('refuses what is no database', async () => {
    const path = join(folder, 'notes.txt');
    writeFileSync(
      path,
      'Just some notes, long enough to be taken for a header of something else.'.repeat(20),
    );
    await expect(file(path)).rejects.toMatchObject({ code: 'cannot-connect' });
    await expect(file(folder)).rejects.toMatchObject({ code: 'cannot-connect' });
  });
});

test('a dev database starts empty and as new every time', async () => {
  const dev = await openDevDatabase({ engine: 'sqlite', dev: 'server' });
  for (const transaction of [true, false]) {
    await dev.scratch(
      async (connection) => {
        expect(await connection.query('SELECT * FROM sqlite_schema')).toEqual([]);
        expect(await connection.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
        await connection.executeAll(['CREATE TABLE t (a)', 'PRAGMA foreign_keys = OFF']);
        expect(await connection.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 0 }]);
      },
      { transaction },
    );
  }
  expect(dev.label).toMatch(/^SQLite 3\.\d+\.\d+ in memory$/);
  await dev.close();
});

test.each([
  [1, 'SQLITE_ERROR'],
  [5, 'SQLITE_BUSY'],
  [517, 'SQLITE_BUSY_SNAPSHOT'],
  [516, 'SQLITE_ABORT_ROLLBACK'],
  [787, 'SQLITE_CONSTRAINT_FOREIGNKEY'],
  [3082, 'SQLITE_IOERR_NOMEM'],
  [26, 'SQLITE_NOTADB'],
  [200, 'SQLITE_200'],
])('result code %i is %s', (code, name) => expect(resultCodeName(code)).toBe(name));
