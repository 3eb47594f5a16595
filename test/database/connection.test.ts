import { describe, expect, test } from 'vitest';
import { type Connection, DatabaseError } from '../../src/database/connection.js';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { batchText, nextBatch } from '../../src/database/statement-batch.js';
import { describeOldestAndNewest, withDatabase } from '../support/postgres-server.js';

describeOldestAndNewest(
  'every adapter',
  (server) => {
    const session = (work: (connection: Connection) => Promise<void>) =>
      withDatabase(server, async (url) => {
        const connection = await openDatabase(parseDatabaseUrl(url));
        try {
          await work(connection);
        } finally {
          await connection.close();
        }
      });
    const failure = async (connection: Connection, statements: string[]) => {
      const error = await connection.executeAll(statements).catch((thrown: unknown) => thrown);
      if (error instanceof DatabaseError) return error;
      throw new Error(`expected a DatabaseError, got ${String(error)}`);
    };
    const value = async (connection: Connection, sql: string) =>
      (await connection.query<{ v: unknown }>(`SELECT ${sql} AS v`))[0]?.v;

    test('gives values alike', () =>
      session(async (c) => {
        const [row] =
          await c.query(`SELECT 9007199254740993::int8 AS int8, 1::int4 AS int4, 2::int2 AS int2, 1.50::numeric AS numeric,
          1.5::float8 AS float8, true AS bool, NULL AS nothing, '{"a":[1]}'::jsonb AS jsonb, '[1]'::json AS json,
          '\\x00ff'::bytea AS bytea, '2025-01-02'::date AS date, '2025-01-02 03:04:05'::timestamp AS ts,
          '2025-01-02 03:04:05.678+05:30'::timestamptz AS tstz, 'infinity'::timestamptz AS inf,
          ARRAY['a','b"\\','NULL',NULL,'']::text[] AS texts, ARRAY[[1,2],[3,4]] AS ints, '{}'::int4[] AS none,
          ARRAY['x']::name[] AS names, 'pg_class'::regclass::oid AS oid, '{t,f}'::bool[] AS bools, 'a'::"char" AS char`);
        expect(row).toEqual({
          int8: '9007199254740993',
          int4: 1,
          int2: 2,
          numeric: '1.50',
          float8: 1.5,
          bool: true,
          nothing: null,
          jsonb: { a: [1] },
          json: [1],
          bytea: Buffer.from([0, 255]),
          date: '2025-01-02',
          ts: '2025-01-02 03:04:05',
          tstz: new Date('2025-01-01T21:34:05.678Z'),
          inf: 'infinity',
          texts: ['a', 'b"\\', 'NULL', null, ''],
          ints: [
            [1, 2],
            [3, 4],
          ],
          none: [],
          names: ['x'],
          oid: 1259,
          bools: [true, false],
          char: 'a',
        });
      }));

    test('takes parameters alike', () =>
      session(async (c) => {
        const now = new Date();
        const given = [
          7,
          'tëxt',
          true,
          now,
          { a: "o'c" },
          ['x', 'y"\\', null],
          Buffer.from([1, 0]),
          null,
          12n,
        ];
        const types = ['int4', 'text', 'bool', 'timestamptz', 'jsonb', 'text[]', 'bytea', 'text', 'numeric'];
        const sql = `SELECT ${types.map((type, i) => `$${i + 1}::${type} AS v${i}`).join(', ')}`;
        const [row] = await c.query(sql, given);
        expect(Object.values(row!)).toEqual([...given.slice(0, 8), '12']);
      }));

    test('runs statements one after the other, comments and all', () =>
      session(async (c) => {
        await c.executeAll([
          'CREATE TABLE t (a int) -- a comment at the end',
          '/* before */ INSERT INTO t VALUES (1)',
          '',
          '-- nothing',
        ]);
        await c.executeAll([]);
        expect(await c.query('SELECT * FROM t')).toEqual([{ a: 1 }]);
      }));

    test('names the failing statement and the place in it; those before it have run', () =>
      session(async (c) => {
        const bad = "SELECT '🚀é', nope";
        const error = await failure(c, [
          'CREATE TABLE t (a int)',
          'INSERT INTO t VALUES (1)',
          bad,
          'INSERT INTO t VALUES (2)',
        ]);
        expect(error).toMatchObject({
          sqlstate: '42703',
          statement: 2,
          position: bad.indexOf('nope'),
          connectionLost: false,
        });
        expect(await value(c, '(SELECT count(*) FROM t)')).toBe('1');
      }));

    test.each([
      ['at run time, with a place', "SELECT 'é', nope", '42703', 'nope'],
      ['of syntax', 'SELECT 🚀 FROM FROM', '42601', undefined],
      ['at run time, without a place', 'SELECT 1/0', '22012', undefined],
    ])('in a transaction too: an error %s', (_, bad, sqlstate, at) =>
      session(async (c) => {
        const error = await failure(c, [
          'BEGIN',
          "SELECT '🚀'",
          'CREATE TABLE t ()',
          bad,
          'SELECT 1',
          'COMMIT',
        ]);
        expect(error).toMatchObject({ sqlstate, statement: 3 });
        if (at !== undefined) expect(error.position).toBe(bad.indexOf(at));
        await c.executeAll(['ROLLBACK']).catch(() => {});
        expect(await value(c, "to_regclass('t')")).toBeNull();
      }),
    );

    test('adds no transaction of its own', () =>
      session(async (c) => {
        await c.executeAll(['CREATE TABLE t (a int)', 'CREATE INDEX CONCURRENTLY i ON t (a)', 'VACUUM t']);
        await c.executeAll(['BEGIN', 'DROP INDEX i', 'COMMIT', 'CREATE INDEX CONCURRENTLY i ON t (a)']);
        await c.executeAll(['BEGIN']);
        await c.executeAll([
          'INSERT INTO t VALUES (1)',
          'SAVEPOINT s',
          'INSERT INTO t VALUES (2)',
          'ROLLBACK TO s',
          'COMMIT AND CHAIN',
          'INSERT INTO t VALUES (3)',
          'ROLLBACK',
        ]);
        expect(await value(c, "to_regclass('i')::text")).toBe('i');
        expect(await c.query('SELECT a FROM t')).toEqual([{ a: 1 }]);
      }));

    test('a COMMIT that fails leaves no transaction', () =>
      session(async (c) => {
        await c.executeAll([
          'CREATE TABLE p (id int PRIMARY KEY)',
          'CREATE TABLE t (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)',
        ]);
        expect(await failure(c, ['BEGIN', 'INSERT INTO t VALUES (1)', 'COMMIT'])).toMatchObject({
          sqlstate: '23503',
          statement: 2,
        });
        await c.executeAll(['SELECT 1', 'CREATE INDEX CONCURRENTLY i ON t (p)']);
      }));

    test('an error has its detail, hint and context', () =>
      session(async (c) => {
        const error = await failure(c, [
          `DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'd', HINT = 'h', ERRCODE = 'TM001'; END $$`,
        ]);
        expect(error).toMatchObject({
          message: 'no',
          sqlstate: 'TM001',
          detail: 'd',
          hint: 'h',
          statement: 0,
          position: undefined,
        });
        expect(error.context).toContain('inline_code_block');
        await expect(c.query('SELECT $1::int', ['x'])).rejects.toMatchObject({ sqlstate: '22P02' });
        await expect(c.query('SELECT nope')).rejects.toMatchObject({ sqlstate: '42703', position: 7 });
      }));

    test('passes notices on', () =>
      session(async (c) => {
        const heard: string[] = [];
        c.onNotice = (message, severity) => heard.push(`${severity} ${message}`);
        await c.executeAll(['DROP TABLE IF EXISTS nothing', "DO $$ BEGIN RAISE WARNING 'careful'; END $$"]);
        c.onNotice = undefined;
        await c.executeAll(['DROP TABLE IF EXISTS nothing']);
        expect(heard).toEqual(['NOTICE table "nothing" does not exist, skipping', 'WARNING careful']);
      }));

    test('COPY without data is an error, not a standstill', () =>
      session(async (c) => {
        await c.executeAll(['CREATE TABLE t (a int)']);
        if (!server.embedded)
          expect(await failure(c, ['SELECT 1', 'COPY t FROM STDIN'])).toMatchObject({ statement: 1 });
        expect(await value(c, '1')).toBe(1);
      }));

    test('a session like any other', () =>
      session(async (c) => {
        expect(await value(c, "current_setting('search_path')")).toBe('"$user", public');
        expect(await value(c, "current_setting('standard_conforming_strings')")).toBe('on');
        expect(await value(c, "current_setting('client_encoding')")).toBe('UTF8');
        await expect(c.query('UPDATE pg_class SET relname = relname WHERE false')).resolves.toEqual([]);
        await expect(c.query('CREATE TABLE pg_catalog.t ()')).rejects.toMatchObject({ sqlstate: '42501' });
      }));

    test('closing twice is fine; a closed one says so', async () => {
      await withDatabase(server, async (url) => {
        const c = await openDatabase(parseDatabaseUrl(url));
        await c.close();
        await c.close();
        await expect(c.query('SELECT 1')).rejects.toMatchObject({
          name: 'DatabaseError',
          connectionLost: true,
        });
      });
    });
  },
  { embedded: true },
);

describe('what travels together', () => {
  const batches = (statements: string[], inTransaction = false) => {
    const cut: number[] = [];
    for (let done = 0; done < statements.length; done += cut.at(-1)!) {
      cut.push(nextBatch(statements, done, inTransaction).statements.length);
      inTransaction = false;
    }
    return cut;
  };
  test.each<[string[], boolean, number[]]>([
    [['a', 'b', 'c'], false, [1, 1, 1]],
    [['a', 'b', 'c'], true, [3]],
    [['begin', 'b', 'COMMIT', 'd', 'e'], false, [3, 1, 1]],
    [['-- c\n/* x */ START  TRANSACTION', 'b', 'end'], false, [3]],
    [['a', 'rollback', 'b', 'c'], true, [2, 1, 1]],
    [['a', 'ROLLBACK TO SAVEPOINT s', 'rollback work to s', 'b'], true, [4]],
    [["prepare transaction 'x'", 'b'], true, [1, 1]],
    [['beginning', 'endless', 'committee'], false, [1, 1, 1]],
  ])('%j', (statements, inTransaction, expected) => {
    expect(batches(statements, inTransaction)).toEqual(expected);
  });
  test('a message has a limit', () => {
    const big = `SELECT '${'x'.repeat(600_000)}'`;
    const batch = nextBatch([big, big], 0, true);
    expect(batch.statements).toHaveLength(1);
    expect(batchText(batch)).toBe(big);
  });
});
