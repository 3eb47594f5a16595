import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { TidemarkError } from '../../src/errors.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import type { MigrateEvent } from '../../src/migrations/migrate-options.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';
import { connect, splitter } from './support/database.js';
import { type TestFolder, testFolder } from './support/folder.js';

const A = { '1_a.sql': 'CREATE TABLE a (id int);', '1_a.down.sql': 'DROP TABLE a;' };
const B = { '2_b.sql': 'CREATE TABLE b (id int);', '2_b.down.sql': 'DROP TABLE b;' };
const C = { '3_c.sql': 'CREATE TABLE c (id int);', '3_c.down.sql': 'DROP TABLE c;' };

describeOldestAndNewest(
  'runner',
  (server) => {
    let db: Connection;
    let folder: TestFolder;
    let drop: () => Promise<void>;
    let events: MigrateEvent[];
    const onEvent = (event: MigrateEvent): void => void events.push(event);

    beforeEach(async () => {
      const database = await freshDatabase(server);
      drop = database.drop;
      db = await connect(database.url);
      folder = await testFolder();
      events = [];
    });
    afterEach(async () => {
      await db.close();
      await drop();
      await folder.remove();
    });

    const tables = async (): Promise<string[]> =>
      (
        await db.query<{ name: string }>(
          `SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1`,
        )
      ).map((row) => row.name);
    const failure = async (work: Promise<unknown>): Promise<TidemarkError> => {
      const error = await work.then(
        () => new Error('it went well'),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof TidemarkError)) throw error;
      return error;
    };
    const logged = (): Promise<Record<string, unknown>[]> =>
      db.query('SELECT operation, revision, outcome, statement, sqlstate FROM tidemark.log ORDER BY id');

    test('status of a database without history says that nothing is applied, and writes nothing', async () => {
      const status = await migrationStatus(db, await folder.put({ ...A, ...B }));
      expect(status).toMatchObject({ current: [], heads: ['2'], pending: 2, problems: [], lastRun: null });
      expect(await db.query(`SELECT FROM pg_namespace WHERE nspname = 'tidemark'`)).toEqual([]);
      expect(JSON.parse(JSON.stringify(status))).toEqual(status);
    });

    test('up applies everything in order, down takes everything back and keeps the log', async () => {
      const files = await folder.put({ ...A, ...B, ...C });
      const up = await migrateUp(db, files, splitter, { by: 'ann', onEvent });
      expect(up).toMatchObject({ before: [], after: ['3'], dryRun: false, baselined: [] });
      expect(events.map((event) => event.type)).toEqual(
        [1, 2, 3].flatMap(() => ['migration-started', 'migration-done']),
      );
      expect(await tables()).toEqual(['a', 'b', 'c']);
      const status = await migrationStatus(db, files);
      expect(status.current).toEqual(['3']);
      expect(status.migrations.map((m) => [m.revision, m.state, m.appliedBy, m.down])).toEqual([
        ['1', 'applied', 'ann', 'file'],
        ['2', 'applied', 'ann', 'file'],
        ['3', 'applied', 'ann', 'file'],
      ]);
      expect(status.lastRun?.outcome).toBe('done');

      expect(await migrateDown(db, files, splitter)).toMatchObject({ before: ['3'], after: ['2'] });
      expect(await tables()).toEqual(['a', 'b']);
      expect(await migrateDown(db, files, splitter, { target: 'base' })).toMatchObject({
        before: ['2'],
        after: [],
      });
      expect(await tables()).toEqual([]);
      expect((await logged()).filter((line) => line.revision !== null)).toHaveLength(6);
      // At base the database counts as ours, whatever tables it has.
      await db.executeAll(['CREATE TABLE foreign_table (id int)']);
      await migrateUp(db, files, splitter, { target: 1 });
      expect(await tables()).toEqual(['a', 'foreign_table']);
    });

    test('with nothing pending nothing is written', async () => {
      expect((await migrateUp(db, await folder.put({}), splitter)).steps).toEqual([]);
      expect(await db.query(`SELECT FROM pg_namespace WHERE nspname = 'tidemark'`)).toEqual([]);
      const files = await folder.put(A);
      await migrateUp(db, files, splitter);
      const before = await logged();
      await migrateUp(db, files, splitter);
      expect(await logged()).toEqual(before);
    });

    test('a dry run says what would run, and changes nothing', async () => {
      const files = await folder.put({ ...A, '2_i.sql': 'CREATE INDEX CONCURRENTLY i ON a (id);' });
      const plan = await migrateUp(db, files, splitter, { dryRun: true, baseline: undefined });
      expect(plan.steps.map((step) => [step.revision, step.mode, step.statements[0]!.sql])).toEqual([
        ['1', 'transaction', 'CREATE TABLE a (id int)'],
        ['2', 'resumable', 'CREATE INDEX CONCURRENTLY i ON a (id)'],
      ]);
      expect(await db.query(`SELECT FROM pg_namespace WHERE nspname = 'tidemark'`)).toEqual([]);
      expect(await tables()).toEqual([]);
      await migrateUp(db, await folder.put({ '2_i.sql': null }), splitter);
      expect(await migrateDown(db, await folder.put(A), splitter, { dryRun: true })).toMatchObject({
        after: [],
      });
      expect(await tables()).toEqual(['a']);
    });

    test('a failing statement leaves nothing of its migration, and a log entry with the place', async () => {
      const files = await folder.put({
        ...A,
        '2_bad.sql':
          'CREATE TABLE ok (id int);\r\n\r\n  SELECT 1 FROM nowhere;\r\nCREATE TABLE late (id int);',
      });
      const error = await failure(migrateUp(db, files, splitter));
      expect(error.code).toBe('migration-failed');
      expect(error.exitCode).toBe(1);
      expect(error.message).toMatch(/^2_bad failed at statement 2 of 3: relation "nowhere" does not exist$/);
      expect(error.location).toEqual({ file: files.migrations[1]!.path, line: 3, column: 17 });
      expect(error.excerpt).toMatch(/SELECT 1 FROM nowhere;\n.*\^$/);
      expect(error.hints.join('\n')).toContain('Nothing of this migration was kept.');
      expect(error.hints.join('\n')).toContain('1 migration before it in this run stays applied.');
      expect(error.details).toMatchObject({
        revision: '2',
        statement: 2,
        sqlstate: '42P01',
        migrationsDone: 1,
      });
      expect(await tables()).toEqual(['a']);
      expect((await logged()).slice(-2)).toEqual([
        { operation: 'up', revision: '2', outcome: 'failed', statement: 2, sqlstate: '42P01' },
        { operation: 'up', revision: null, outcome: 'failed', statement: null, sqlstate: '42P01' },
      ]);
      const status = await migrationStatus(db, files);
      expect(status.lastRun).toMatchObject({
        outcome: 'failed',
        revision: '2',
        error: 'relation "nowhere" does not exist',
      });
      expect(status).toMatchObject({ current: ['1'], pending: 1, problems: [] });

      const fixed = await folder.put({ '2_bad.sql': 'CREATE TABLE ok (id int);' });
      await migrateUp(db, fixed, splitter);
      expect(await tables()).toEqual(['a', 'ok']);
    });

    test('a deferred constraint that speaks on commit is told as such', async () => {
      const files = await folder.put({
        '1_d.sql': `CREATE TABLE p (id int PRIMARY KEY);
          CREATE TABLE f (p int REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO f VALUES (1);`,
      });
      const error = await failure(migrateUp(db, files, splitter));
      expect(error.message).toMatch(/failed on commit: .*violates foreign key/);
      expect(await tables()).toEqual([]);
    });

    test('a mistake in the last script keeps the first from running', async () => {
      const files = await folder.put({ ...A, '2_b.sql': 'CREATE TABLE b (id int);\n\\connect other\n' });
      expect((await failure(migrateUp(db, files, splitter))).code).toBe('psql-command');
      const control = await folder.put({ '2_b.sql': '-- hello\nBEGIN;\nCREATE TABLE b (id int);\nCOMMIT;' });
      const error = await failure(migrateUp(db, control, splitter));
      expect(error).toMatchObject({ code: 'transaction-control', location: { line: 2, column: 1 } });
      expect(await tables()).toEqual([]);
    });

    test('statements that refuse a transaction are recognised, and the file goes on from the one that failed', async () => {
      const text = (third: string): string => `CREATE TABLE t (id int);
INSERT INTO t VALUES (1), (1);
${third}
CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);
CREATE TABLE after_index (id int);`;
      const error = await failure(
        migrateUp(db, await folder.put({ '1_t.sql': text('') }), splitter, { onEvent }),
      );
      expect(error.message).toMatch(/^1_t failed at statement 3 of 4: could not create unique index/);
      expect(error.hints.join('\n')).toContain('the first 2 hold');
      expect(error.location?.line).toBe(4);
      expect(
        await db.query(`SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('t_id')`),
      ).toEqual([{ valid: false }]);
      const status = await migrationStatus(db, await folder.put({}));
      expect(status.migrations[0]).toMatchObject({
        state: 'applying',
        statementsDone: 2,
        statementsTotal: 4,
      });
      expect(status.problems.map((problem) => problem.code)).toEqual(['history-unfinished']);
      expect((await failure(migrateDown(db, await folder.put({}), splitter))).code).toBe(
        'history-unfinished',
      );

      const edited = await folder.put({ '1_t.sql': text('').replace('(1), (1)', '(1), (2)') });
      expect(await failure(migrateUp(db, edited, splitter))).toMatchObject({
        code: 'history-edited',
        details: { statement: 2, statementsDone: 2 },
      });
      const shortened = await folder.put({ '1_t.sql': 'CREATE TABLE t (id int);' });
      expect((await failure(migrateUp(db, shortened, splitter))).code).toBe('history-edited');

      const fixed = await folder.put({ '1_t.sql': text('DELETE FROM t;') });
      const result = await migrateUp(db, fixed, splitter, { onEvent });
      expect(result.steps[0]).toMatchObject({ alreadyDone: 2, mode: 'resumable' });
      expect(events.filter((event) => event.type === 'settled')).toHaveLength(1);
      expect(await tables()).toEqual(['after_index', 't']);
      expect(
        await db.query(`SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 't_id'::regclass`),
      ).toEqual([{ valid: true }]);
      const [row] = await db.query(
        'SELECT state, statements_done, statements_total, attempt, error FROM tidemark.revision',
      );
      expect(row).toEqual({
        state: 'applied',
        statements_done: 5,
        statements_total: 5,
        attempt: null,
        error: null,
      });
      expect((await migrationStatus(db, fixed)).problems).toEqual([]);
    });

    test('an index whose end was not recorded is kept when it is valid', async () => {
      const files = await folder.put({
        '1_t.sql': 'CREATE TABLE t (id int); CREATE INDEX CONCURRENTLY "T i" ON t (id);',
      });
      await migrateUp(db, files, splitter);
      const [before] = await db.query(`SELECT oid FROM pg_class WHERE relname = 'T i'`);
      // As it is when the runner is killed between the statement and its record.
      await db.query(
        `UPDATE tidemark.revision SET state = 'applying', statements_done = 1, attempt = $1,
           statement_hashes = (SELECT ARRAY[$2]::text[])`,
        [
          JSON.stringify({
            statement: 1,
            sql: 'CREATE INDEX CONCURRENTLY "T i" ON t (id)',
            before: { indexes: [] },
          }),
          (await import('../../src/migrations/checksum.js')).statementHash('CREATE TABLE t (id int)'),
        ],
      );
      await migrateUp(db, files, splitter, { onEvent });
      expect(events.find((event) => event.type === 'settled')).toMatchObject({ statement: 2 });
      expect(await db.query(`SELECT oid FROM pg_class WHERE relname = 'T i'`)).toEqual([before]);
      expect((await migrationStatus(db, files)).current).toEqual(['1']);
    });

    test('the session of a piece is the same when it is taken up later', async () => {
      const text = (table: string): string => `-- tidemark:transaction none
CREATE SCHEMA s; SET search_path = s; CREATE TABLE t (id int); SELECT 1 FROM ${table}; CREATE TABLE u (id int);`;
      expect(
        (await failure(migrateUp(db, await folder.put({ '1_s.sql': text('nowhere') }), splitter))).details,
      ).toMatchObject({
        statement: 4,
        statementsDone: 3,
      });
      await migrateUp(db, await folder.put({ '1_s.sql': text('t') }), splitter);
      expect(await db.query(`SELECT to_regclass('s.u') IS NOT NULL AS found`)).toEqual([{ found: true }]);
    });

    test('what a migration sets does not reach the next, nor the caller, nor our own bookkeeping', async () => {
      const files = await folder.put({
        '1_s.sql': `CREATE SCHEMA s; CREATE ROLE "we;ird ${server.name}"; GRANT CREATE, USAGE ON SCHEMA s TO "we;ird ${server.name}";
          SET search_path = s; SET standard_conforming_strings = off; SET ROLE "we;ird ${server.name}"; CREATE TABLE t (id int);
          SELECT pg_catalog.set_config('search_path', '', false);`,
        '1_s.down.sql': `SELECT 'it''s \\ "odd"';`,
        '2_p.sql': 'CREATE TABLE p (id int);',
      });
      try {
        await migrateUp(db, files, splitter);
        expect(await tables()).toEqual(['p']);
        expect(await db.query(`SELECT current_user = session_user AS same, current_schema AS s`)).toEqual([
          { same: true, s: 'public' },
        ]);
        const [row] = await db.query(`SELECT down_sql FROM tidemark.revision WHERE revision = '1'`);
        expect(row).toEqual({ down_sql: `SELECT 'it''s \\ "odd"';` });
      } finally {
        await db.executeAll([`DROP OWNED BY "we;ird ${server.name}"`, `DROP ROLE "we;ird ${server.name}"`]);
      }
    });

    test('a file with transactions of its own runs as written when it says so', async () => {
      const text = (middle: string): string => `-- tidemark:transaction none
CREATE TABLE t (id int);
BEGIN; INSERT INTO t VALUES (1); ${middle} INSERT INTO t VALUES (2); COMMIT;
BEGIN; INSERT INTO t VALUES (3); ROLLBACK;
DO $$ BEGIN INSERT INTO t VALUES (4); COMMIT; INSERT INTO t VALUES (5); END $$;
VACUUM t;`;
      const error = await failure(
        migrateUp(db, await folder.put({ '1_t.sql': text('SELECT 1/0;') }), splitter),
      );
      expect(error.details).toMatchObject({ statement: 4, statementsDone: 1 });
      expect(await db.query('SELECT id FROM t')).toEqual([]);
      await migrateUp(db, await folder.put({ '1_t.sql': text('') }), splitter);
      expect(await db.query('SELECT id FROM t ORDER BY id')).toEqual([1, 2, 4, 5].map((id) => ({ id })));
    });

    test('a new enum value can be used later in the same file', async () => {
      const files = await folder.put({
        '1_e.sql': `CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (e e);`,
        '2_e.sql': `ALTER TYPE e ADD VALUE 'b'; ALTER TYPE e ADD VALUE 'c'; INSERT INTO t VALUES ('b'), ('c');`,
      });
      await migrateUp(db, files, splitter);
      expect(await db.query('SELECT e::text AS e FROM t ORDER BY 1')).toEqual([{ e: 'b' }, { e: 'c' }]);
    });

    test('an edited file is refused, in both ways to be edited', async () => {
      const files = await folder.put({ ...A, ...B });
      await migrateUp(db, files, splitter);
      const unhashed = await folder.putUnhashed({ '1_a.sql': 'CREATE TABLE a (id bigint);' });
      expect(await failure(migrateUp(db, unhashed, splitter))).toMatchObject({
        code: 'sum-mismatch',
        details: { edited: ['1_a.sql'] },
      });
      const hashed = await folder.put({});
      expect((await failure(migrateUp(db, hashed, splitter))).code).toBe('history-edited');
      const status = await migrationStatus(db, hashed);
      expect(status.problems.map((problem) => problem.code)).toEqual(['history-edited']);
      expect(status.migrations.map((migration) => migration.edited)).toEqual([true, false]);
      const crlf = await folder.put({ '1_a.sql': `\uFEFF${A['1_a.sql']}\r\n`.replace('\r\n', '') });
      expect((await migrateUp(db, crlf, splitter)).steps).toEqual([]);
    });

    test('a removed file is refused going up; going down the text in the database serves', async () => {
      await migrateUp(db, await folder.put({ ...A, ...B, ...C }), splitter);
      const gap = await folder.put({ '2_b.sql': null, '2_b.down.sql': null });
      expect((await failure(migrateUp(db, gap, splitter))).code).toBe('history-missing');
      expect((await migrationStatus(db, gap)).problems.map((problem) => problem.code)).toEqual([
        'history-missing',
      ]);
      const ahead = await folder.put({ ...B, '3_c.sql': null, '3_c.down.sql': null });
      expect((await failure(migrateUp(db, ahead, splitter))).code).toBe('history-ahead');
      const down = await migrateDown(
        db,
        await folder.put({ '2_b.sql': null, '2_b.down.sql': null }),
        splitter,
        { target: 'a' },
      );
      expect(down.steps.map((step) => [step.revision, step.fromHistory])).toEqual([
        ['3', true],
        ['2', true],
      ]);
      expect(await tables()).toEqual(['a']);
    });

    test('a file inserted before applied ones is refused without out-of-order', async () => {
      await migrateUp(db, await folder.put({ ...A, ...C }), splitter);
      const files = await folder.put(B);
      expect(await failure(migrateUp(db, files, splitter))).toMatchObject({
        code: 'out-of-order',
        exitCode: 4,
      });
      expect((await migrationStatus(db, files)).migrations[1]).toMatchObject({
        state: 'pending',
        outOfOrder: true,
      });
      await migrateUp(db, files, splitter, { outOfOrder: true });
      expect((await migrationStatus(db, files)).current).toEqual(['3']);
      expect(
        (await migrateDown(db, files, splitter, { target: 'a' })).steps.map((step) => step.revision),
      ).toEqual(['3', '2']);
    });

    test('several heads are refused', async () => {
      const files = await folder.put({ ...A, ...B, '3_c.sql': '-- tidemark:parent 1\nSELECT 1;' });
      expect(await failure(migrateUp(db, files, splitter))).toMatchObject({
        code: 'several-heads',
        details: { heads: ['2', '3'] },
      });
    });

    test('a database with tables and no history is refused with the ways out', async () => {
      await db.executeAll([
        'CREATE TABLE a (id int)',
        'CREATE SCHEMA auth',
        'CREATE TABLE auth.users (id int)',
        'CREATE SCHEMA "Odd"',
        'CREATE TABLE "Odd"."we;ird" (id int)',
      ]);
      // Its view belongs to the extension; the embedded engine of this test has none.
      await db.executeAll(['CREATE EXTENSION pg_stat_statements']).catch((error: Error) => {
        if (!/not available|could not open/.test(error.message)) throw error;
      });
      const files = await folder.put({ ...A, ...B });
      const error = await failure(migrateUp(db, files, splitter));
      expect(error).toMatchObject({
        code: 'database-not-clean',
        exitCode: 4,
        details: { tables: ['a', 'Odd.we;ird'].sort() },
      });
      expect(error.hints.join('\n')).toContain('--baseline');
      expect(await db.query(`SELECT FROM pg_namespace WHERE nspname = 'tidemark'`)).toEqual([]);

      const excluded = failure(migrateUp(db, files, splitter, { exclude: ['public.*', 'Odd.*'] }));
      expect(await excluded).toMatchObject({
        message: expect.stringContaining('relation "a" already exists'),
        hints: expect.arrayContaining([expect.stringContaining('"tidemark migrate stamp 1"')]),
      });
    });

    test('a baseline is recorded and not run', async () => {
      await db.executeAll(['CREATE TABLE a (id int)']);
      const files = await folder.put({ ...A, ...B });
      const result = await migrateUp(db, files, splitter, { baseline: 'a', onEvent });
      expect(result).toMatchObject({ baselined: ['1'], after: ['2'] });
      expect(await tables()).toEqual(['a', 'b']);
      const status = await migrationStatus(db, files);
      expect(status.migrations.map((migration) => migration.origin)).toEqual(['baseline', 'run']);
      // The flag may stay in a deployment script.
      expect((await migrateUp(db, files, splitter, { baseline: '1' })).baselined).toEqual([]);
      const more = await folder.put(C);
      expect((await failure(migrateUp(db, more, splitter, { baseline: '3' }))).code).toBe('baseline-late');
    });

    test('a migration without a reverse refuses before anything is taken down', async () => {
      const files = await folder.put({ '1_a.sql': A['1_a.sql'], ...B });
      await migrateUp(db, files, splitter);
      expect(await failure(migrateDown(db, files, splitter, { target: 'base' }))).toMatchObject({
        code: 'no-down',
        exitCode: 4,
      });
      expect(await tables()).toEqual(['a', 'b']);
    });

    test('a reverse that fails half way outside a transaction is finished by the next run', async () => {
      const down = (middle: string): string => `DROP INDEX CONCURRENTLY i; ${middle} DROP TABLE t;`;
      const files = await folder.put({
        '1_t.sql': 'CREATE TABLE t (id int); CREATE INDEX i ON t (id);',
        '1_t.down.sql': down('SELECT 1/0;'),
      });
      await migrateUp(db, files, splitter);
      expect((await failure(migrateDown(db, files, splitter))).details).toMatchObject({
        statement: 2,
        statementsDone: 1,
      });
      expect((await failure(migrateUp(db, files, splitter))).code).toBe('history-unfinished');
      const fixed = await folder.put({ '1_t.down.sql': down('') });
      expect((await migrationStatus(db, fixed)).migrations[0]).toMatchObject({
        state: 'reverting',
        statementsDone: 1,
      });
      await migrateDown(db, fixed, splitter);
      expect(await tables()).toEqual([]);
      expect((await migrationStatus(db, fixed)).current).toEqual([]);
    });

    test('history in a newer format is refused', async () => {
      const files = await folder.put(A);
      await migrateUp(db, files, splitter);
      await db.executeAll(['UPDATE tidemark.format SET version = 99']);
      expect((await failure(migrationStatus(db, files))).code).toBe('history-newer');
    });

    test('a run that ended without a word is told of, and its account is closed', async () => {
      const files = await folder.put({ ...A, ...B });
      await migrateUp(db, files, splitter, { target: 1 });
      await db.executeAll([
        `INSERT INTO tidemark.log (run, operation, outcome, by_whom, host, process_id, tool_version)
         VALUES ('r', 'up', 'started', 'bob', 'there', 7, '1')`,
      ]);
      const status = await migrationStatus(db, files);
      expect(status.problems).toMatchObject([{ code: 'run-interrupted' }]);
      expect(status.problems[0]!.message).toContain('bob');
      await migrateUp(db, files, splitter, { onEvent });
      expect(events[0]).toMatchObject({ type: 'interrupted-run', run: { by: 'bob', pid: 7, host: 'there' } });
      expect((await migrationStatus(db, files)).problems).toEqual([]);
      expect(await db.query(`SELECT outcome FROM tidemark.log WHERE run = 'r' ORDER BY id`)).toEqual([
        { outcome: 'started' },
        { outcome: 'interrupted' },
      ]);
    });
  },
  { embedded: true },
);
