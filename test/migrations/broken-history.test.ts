import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { loadDialect } from '../../src/dialects.js';
import { migrationEngine } from '../../src/migrations/engine.js';
import type { MigrationFolder } from '../../src/migrations/folder.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { LOG_COLUMNS as POSTGRES_LOG } from '../../src/migrations/postgres-history-tables.js';
import { LOG_COLUMNS as SQLITE_LOG } from '../../src/migrations/sqlite-history-tables.js';
import { migrateStamp } from '../../src/migrations/stamp.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { describeEachServer, freshDatabase, type TestServer } from '../support/postgres-server.js';
import { connect } from './support/database.js';
import { type TestFolder, testFolder } from './support/folder.js';

const FILES = {
  '1000_a.sql': 'CREATE TABLE a (id integer);',
  '1000_a.down.sql': 'DROP TABLE a;',
  '2000_b.sql': 'CREATE TABLE b (id integer);',
  '2000_b.down.sql': 'DROP TABLE b;',
  '3000_c.sql': 'CREATE TABLE c (id integer);',
  '3000_c.down.sql': 'DROP TABLE c;',
};

/** A hand in the tables: what it is called, its statements for each engine, and words of the error. */
type Hand = readonly [name: string, postgres: readonly string[], sqlite: readonly string[], words: RegExp];

const REVISION = 'tidemark.revision';
/** SQLite has no ALTER for constraints: the rows go into a table without any. */
const LOOSE = [
  'CREATE TABLE loose AS SELECT * FROM tidemark_revision',
  'DROP TABLE tidemark_revision',
  'ALTER TABLE loose RENAME TO tidemark_revision',
];
const UNCHECKED = [
  `ALTER TABLE ${REVISION} DROP CONSTRAINT revision_state_check, DROP CONSTRAINT revision_origin_check`,
];

const HANDS: readonly Hand[] = [
  [
    'a row twice',
    [
      `ALTER TABLE ${REVISION} DROP CONSTRAINT revision_pkey`,
      `CREATE TABLE public.twin AS SELECT * FROM ${REVISION} WHERE revision = '2000'`,
      `INSERT INTO ${REVISION} OVERRIDING SYSTEM VALUE SELECT * FROM public.twin`,
      'DROP TABLE public.twin',
    ],
    [...LOOSE, "INSERT INTO tidemark_revision SELECT * FROM tidemark_revision WHERE revision = '2000'"],
    /2000 is recorded twice/,
  ],
  [
    'a row gone',
    [`DELETE FROM ${REVISION} WHERE revision = '2000'`],
    ["DELETE FROM tidemark_revision WHERE revision = '2000'"],
    /does not record 2000, after which 3000 came/,
  ],
  [
    'an unknown state',
    [...UNCHECKED, `UPDATE ${REVISION} SET state = 'done' WHERE revision = '2000'`],
    [...LOOSE, "UPDATE tidemark_revision SET state = 'done' WHERE revision = '2000'"],
    /state of revision 2000 is "done"/,
  ],
  [
    'an unknown origin',
    [...UNCHECKED, `UPDATE ${REVISION} SET origin = 'me'`],
    [...LOOSE, "UPDATE tidemark_revision SET origin = 'me'"],
    /origin of revision 1000 is "me"/,
  ],
  [
    'no checksum',
    [`ALTER TABLE ${REVISION} ALTER COLUMN checksum DROP NOT NULL`, `UPDATE ${REVISION} SET checksum = NULL`],
    [...LOOSE, 'UPDATE tidemark_revision SET checksum = NULL'],
    /checksum of revision 1000 is null/,
  ],
  [
    'no revision',
    [
      `ALTER TABLE ${REVISION} DROP CONSTRAINT revision_pkey, ALTER COLUMN revision DROP NOT NULL`,
      `UPDATE ${REVISION} SET revision = NULL WHERE revision = '3000'`,
    ],
    [...LOOSE, "UPDATE tidemark_revision SET revision = NULL WHERE revision = '3000'"],
    /revision of a row of revisions is null/,
  ],
  [
    'a dropped column',
    [`ALTER TABLE ${REVISION} DROP COLUMN checksum`],
    ['ALTER TABLE tidemark_revision DROP COLUMN checksum'],
    /checksum/,
  ],
  [
    'a dropped column that is asked for by name',
    [`ALTER TABLE ${REVISION} DROP COLUMN position`],
    [...LOOSE, 'ALTER TABLE tidemark_revision DROP COLUMN position'],
    /position/,
  ],
  ['no log', ['DROP TABLE tidemark.log'], ['DROP TABLE tidemark_log'], /log/],
  [
    'a log with a column less',
    ['ALTER TABLE tidemark.log DROP COLUMN host'],
    ['ALTER TABLE tidemark_log DROP COLUMN host'],
    /host/,
  ],
  ['no revisions', [`DROP TABLE ${REVISION}`], ['DROP TABLE tidemark_revision'], /revision/],
  ['no format', ['DROP TABLE tidemark.format'], ['DROP TABLE tidemark_format'], /format/],
  ['an empty format', ['DELETE FROM tidemark.format'], ['DELETE FROM tidemark_format'], /format/],
  [
    'two formats',
    ['INSERT INTO tidemark.format SELECT * FROM tidemark.format'],
    ['INSERT INTO tidemark_format SELECT * FROM tidemark_format'],
    /format|more than one row/,
  ],
  [
    'text where a number belongs',
    [
      `ALTER TABLE ${REVISION} ALTER COLUMN statements_total TYPE text`,
      `UPDATE ${REVISION} SET statements_total = 'many'`,
    ],
    ["UPDATE tidemark_revision SET statements_total = 'many'"],
    /statements_total of revision 1000 is "many"/,
  ],
  [
    'a time that is none',
    [
      `ALTER TABLE ${REVISION} ALTER COLUMN applied_at TYPE text`,
      `UPDATE ${REVISION} SET applied_at = 'noon'`,
    ],
    ["UPDATE tidemark_revision SET applied_at = 'noon'"],
    /applied_at of revision 1000 is "noon"/,
  ],
  [
    'parents that are no list',
    [
      `ALTER TABLE ${REVISION} ALTER COLUMN parents TYPE text`,
      `UPDATE ${REVISION} SET parents = 'none' WHERE revision = '1000'`,
    ],
    ["UPDATE tidemark_revision SET parents = 'none' WHERE revision = '1000'"],
    /parents of revision 1000 is/,
  ],
];

describe('a history that somebody edited (SQLite)', () => tests());
describeEachServer('a history that somebody edited', tests, { newest: true });

function tests(server?: TestServer): void {
  const sqlite = server === undefined;
  let folder: TestFolder;
  let files: MigrationFolder;
  let db: Connection;
  let drop = async () => {};

  beforeEach(async () => {
    folder = await testFolder();
    files = await folder.put(FILES);
    const fresh = sqlite ? undefined : await freshDatabase(server);
    if (fresh !== undefined) drop = fresh.drop;
    db = await connect(fresh?.url ?? 'sqlite:memory');
    await migrateUp(db, files, await dialect(), { by: 'ada' });
  });
  afterEach(async () => {
    await db.close();
    await drop();
    await folder.remove();
  });

  const dialect = () => loadDialect(db.engine);
  const up = async () => migrateUp(db, files, await dialect());
  const down = async (target = 'base') => migrateDown(db, files, await dialect(), { target });
  const stamp = async (target: string, purge = true) =>
    migrateStamp(db, files, await dialect(), { targets: [target], purge });
  const [revision, log] = sqlite ? ['tidemark_revision', 'tidemark_log'] : [REVISION, 'tidemark.log'];
  const names = async () =>
    (await db.query(`SELECT * FROM ${revision} ORDER BY position`)).map((row) => row.revision);
  /** Everything there is in the database. */
  const contents = async (): Promise<unknown> => {
    const tables = await db.query<{ name: string }>(
      sqlite
        ? "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        : "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables WHERE table_schema IN ('public', 'tidemark') ORDER BY 1",
    );
    return Promise.all(tables.map(async ({ name }) => [name, await db.query(`SELECT * FROM ${name}`)]));
  };

  test.each(HANDS)(
    '%s: every command says so and changes nothing; a purge gets out of it',
    async (name, ...hand) => {
      const [postgres, lite, words] = hand;
      await db.executeAll(sqlite ? lite : postgres);
      const before = await contents();
      const damage = { code: 'history-damaged', message: expect.stringMatching(words) };
      const hint = { hints: expect.arrayContaining([expect.stringContaining('stamp --purge REVISION')]) };
      await expect(up()).rejects.toMatchObject({ ...damage, ...hint, exitCode: 1 });
      await expect(down()).rejects.toMatchObject(damage);
      if (name === 'a row gone') {
        expect((await migrationStatus(db, files)).problems[0]).toMatchObject(damage);
      } else {
        await expect(migrationStatus(db, files)).rejects.toMatchObject(damage);
        await expect(stamp('2000', false)).rejects.toMatchObject(damage);
        await expect(stamp('current')).rejects.toMatchObject(damage);
      }
      expect(await contents()).toEqual(before);

      const stamped = await stamp('2000');
      expect(stamped.added.map((added) => added.revision)).toEqual(['1000', '2000']);
      expect(stamped.remade).toBe(name !== 'a row gone');
      expect(await names()).toEqual(['1000', '2000']);
      expect(await migrationStatus(db, files)).toMatchObject({ problems: [], pending: 1, current: ['2000'] });
      await db.executeAll(['DROP TABLE c']);
      expect((await up()).steps.map((step) => step.revision)).toEqual(['3000']);
      expect((await down()).steps).toHaveLength(3);
    },
  );

  test('the log outlives the tables beside it; one that cannot be written is put aside', async () => {
    const lines = () => db.query<{ operation: string }>(`SELECT * FROM ${log} ORDER BY id`);
    const before = await lines();
    await db.executeAll([`DROP TABLE ${revision}`]);
    await stamp('1000');
    expect((await lines()).slice(0, before.length)).toEqual(before);
    await db.executeAll([`ALTER TABLE ${log} DROP COLUMN host`]);
    const damaged = await lines();
    await stamp('1000');
    expect((await lines()).every(({ operation }) => /stamp$/.test(operation))).toBe(true);
    const tables = await db.query<{ name: string }>(
      sqlite
        ? "SELECT name FROM sqlite_schema WHERE name LIKE 'tidemark_log_damaged%'"
        : "SELECT 'tidemark.' || relname AS name FROM pg_class WHERE relname LIKE 'log_damaged%' AND relkind = 'r'",
    );
    expect(await db.query(`SELECT * FROM ${tables[0]!.name} ORDER BY id`)).toEqual(damaged);
  });

  test('the columns of a sound log are known', async () => {
    const columns = await db.query<{ name: string }>(
      sqlite
        ? "SELECT name FROM pragma_table_info('tidemark_log')"
        : "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'tidemark' AND table_name = 'log'",
    );
    expect(columns.map(({ name }) => name).sort()).toEqual([...(sqlite ? SQLITE_LOG : POSTGRES_LOG)].sort());
  });

  test('what a later tidemark made is left alone, also by a purge', async () => {
    await db.executeAll([`UPDATE ${sqlite ? 'tidemark_format' : 'tidemark.format'} SET version = 99`]);
    const before = await contents();
    const newer = { code: 'history-newer', message: expect.stringContaining('format 99') };
    await expect(up()).rejects.toMatchObject(newer);
    await expect(down()).rejects.toMatchObject(newer);
    await expect(migrationStatus(db, files)).rejects.toMatchObject(newer);
    await expect(stamp('2000')).rejects.toMatchObject(newer);
    expect(await contents()).toEqual(before);
  });

  describe('with rows of revisions that have no file', () => {
    const insert = (id: string, parents: readonly string[]) => {
      const list = sqlite
        ? `'${JSON.stringify(parents)}'`
        : `ARRAY[${parents.map((name) => `'${name}'`).join(',')}]::text[]`;
      const none = sqlite ? "'[]'" : "'{}'";
      return `INSERT INTO ${revision} (revision, name, parents, depends_on, state, origin, checksum, transaction_mode,
        statements_done, statements_total, applied_at, applied_by, tool_version)
        VALUES ('${id}', '', ${list}, ${none}, 'applied', 'run', 'x', 'file', 1, 1, CURRENT_TIMESTAMP, 'me', '0')`;
    };

    test.each([
      [
        'a parent that nobody knows',
        [['4000', ['nowhere']]],
        /does not record nowhere, after which 4000 came/,
      ],
      [
        'a circle',
        [
          ['4000', ['5000']],
          ['5000', ['4000']],
        ],
        /in a circle/,
      ],
      ['one that needs itself', [['4000', ['4000']]], /needs itself/],
    ] as const)('%s', async (_, rows, words) => {
      await db.executeAll(rows.map(([id, parents]) => insert(id, parents)));
      const before = await contents();
      const damage = { code: 'history-damaged', message: expect.stringMatching(words) };
      await expect(up()).rejects.toMatchObject(damage);
      await expect(down()).rejects.toMatchObject(damage);
      expect(await contents()).toEqual(before);
      const result = await stamp('3000');
      expect(result.removed).toHaveLength(3 + rows.length);
      expect((await up()).steps).toEqual([]);
      expect((await down()).steps).toHaveLength(3);
    });
  });

  test('a run that may not write says what it needs and runs nothing', async () => {
    files = await folder.put({ '4000_d.sql': 'CREATE TABLE d (id integer);' });
    const before = await contents();
    const readOnly = sqlite ? 'PRAGMA query_only = ON' : 'SET default_transaction_read_only = on';
    await db.executeAll([readOnly]);
    expect((await migrationStatus(db, files)).pending).toBe(1);
    const refused = { code: 'history-not-writable' };
    await expect(up()).rejects.toMatchObject(refused);
    await db.executeAll([readOnly]);
    await expect(stamp('1000', false)).rejects.toMatchObject(refused);
    await db.executeAll(sqlite ? ['PRAGMA query_only = OFF'] : ['RESET default_transaction_read_only']);
    expect(await contents()).toEqual(before);
  });

  if (sqlite) return;

  test('a role that may only read sees the status; for more it is told what it needs', async () => {
    files = await folder.put({ '4000_d.sql': 'CREATE TABLE d (id integer);' });
    const role = `reader_${Date.now()}`;
    await db.executeAll([`CREATE ROLE ${role}`]);
    try {
      await db.executeAll([`SET ROLE ${role}`]);
      const blind = { code: 'history-not-readable', hints: [expect.stringContaining('GRANT USAGE')] };
      await expect((await migrationEngine(db)).history.read()).rejects.toMatchObject(blind);
      await db.executeAll([
        'RESET ROLE',
        `GRANT USAGE ON SCHEMA tidemark TO ${role}`,
        `GRANT SELECT ON ALL TABLES IN SCHEMA tidemark TO ${role}`,
        `SET ROLE ${role}`,
      ]);
      expect((await migrationStatus(db, files)).pending).toBe(1);
      await expect(up()).rejects.toMatchObject({
        code: 'history-not-writable',
        hints: [expect.stringContaining('INSERT, UPDATE and DELETE')],
      });
      await db.executeAll([`SET ROLE ${role}`]);
      await expect(stamp('1000')).rejects.toMatchObject({ code: 'history-not-writable' });
    } finally {
      await db.executeAll(['RESET ROLE', `DROP OWNED BY ${role}`, `DROP ROLE ${role}`]);
    }
  });
}
