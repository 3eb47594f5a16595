import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { connectSqlite } from '../../src/database/sqlite-connection.js';
import type { TidemarkError } from '../../src/errors.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import type { MigrateUpOptions } from '../../src/migrations/migrate-options.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';
import { type TestFolder, testFolder } from './support/folder.js';

let folder: TestFolder;
let path: string;
let connection: Connection;

beforeEach(async () => {
  folder = await testFolder();
  path = join(folder.path, 'app.db');
  connection = await open();
});

afterEach(async () => {
  await connection.close();
  await folder.remove();
});

const open = () => connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path });

const up = async (files: Record<string, string | null>, options: MigrateUpOptions = {}) =>
  migrateUp(connection, await folder.put(files), sqliteDialect, options);

const down = async (target: string | number = -1) =>
  migrateDown(connection, await folder.put({}), sqliteDialect, { target });

const rows = (sql: string) => connection.query(sql);

async function refusal(work: Promise<unknown>): Promise<TidemarkError> {
  try {
    await work;
  } catch (error) {
    return error as TidemarkError;
  }
  throw new Error('it was not refused');
}

/** The state of the session that a migration must not change for those after it. */
const session = async () => ({
  ...(await rows('PRAGMA foreign_keys'))[0],
  ...(await rows('PRAGMA synchronous'))[0],
  ...(await rows('PRAGMA legacy_alter_table'))[0],
  ...(await rows('PRAGMA recursive_triggers'))[0],
});

const FAMILY = `
CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id) ON DELETE CASCADE);
INSERT INTO parent VALUES (1, 'a'), (2, 'b');
INSERT INTO child VALUES (10, 1), (20, 2);
`;

const REBUILD = `
CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO new_parent SELECT id, name FROM parent;
DROP TABLE parent;
ALTER TABLE new_parent RENAME TO parent;
`;

describe('a migration', () => {
  test('goes up and down with its history', async () => {
    const result = await up({
      '1_tables.sql': FAMILY,
      '1_tables.down.sql': 'DROP TABLE child; DROP TABLE parent;',
      '2_index.sql': 'CREATE INDEX child_parent ON child (parent);',
      '2_index.down.sql': 'DROP INDEX child_parent;',
    });
    expect(result.after).toEqual(['2']);
    const status = await migrationStatus(connection, await folder.put({}));
    expect(status.migrations.map(({ revision, state }) => `${revision} ${state}`)).toEqual([
      '1 applied',
      '2 applied',
    ]);
    expect((await down('base')).after).toEqual([]);
    expect(
      await rows(
        `SELECT name FROM sqlite_schema WHERE name NOT LIKE 'tidemark%' AND name NOT LIKE 'sqlite%'`,
      ),
    ).toEqual([]);
    expect(
      await rows(
        `SELECT operation, revision FROM tidemark_log WHERE outcome = 'done' AND revision IS NOT NULL`,
      ),
    ).toEqual([
      { operation: 'up', revision: '1' },
      { operation: 'up', revision: '2' },
      { operation: 'down', revision: '2' },
      { operation: 'down', revision: '1' },
    ]);
  });

  test('leaves nothing when a statement fails, and says which', async () => {
    const error = await refusal(
      up({ '1_a.sql': 'CREATE TABLE t (a UNIQUE);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);\n' }),
    );
    expect(error).toMatchObject({ code: 'migration-failed', location: { line: 3, column: 1 } });
    expect(error.message).toContain('UNIQUE constraint failed: t.a');
    expect(await rows(`SELECT name FROM sqlite_schema WHERE name = 't'`)).toEqual([]);
    expect(await rows('SELECT revision FROM tidemark_revision')).toEqual([]);
    expect(
      await rows(
        `SELECT revision, statement, sqlstate FROM tidemark_log WHERE outcome = 'failed' AND revision IS NOT NULL`,
      ),
    ).toEqual([{ revision: '1', statement: 3, sqlstate: 'SQLITE_CONSTRAINT_UNIQUE' }]);
  });

  test.each(['COMMIT', 'BEGIN', 'SAVEPOINT a', 'ROLLBACK'])('cannot %s by itself', async (control) => {
    const error = await refusal(up({ '1_a.sql': `CREATE TABLE t (a);\n${control};` }));
    expect(error).toMatchObject({ code: 'transaction-control', location: { line: 2 } });
  });

  test('with VACUUM runs piece by piece', async () => {
    await up({ '1_a.sql': 'CREATE TABLE t (a);\nVACUUM;\nCREATE TABLE u (a);' });
    expect(await rows('SELECT state, transaction_mode, statements_done FROM tidemark_revision')).toEqual([
      { state: 'applied', transaction_mode: 'none', statements_done: 3 },
    ]);
  });

  test('leaves the session as it was, also when it fails', async () => {
    const before = await session();
    await up({ '1_a.sql': `${FAMILY}PRAGMA legacy_alter_table = ON; PRAGMA recursive_triggers = ON;` });
    expect(await session()).toEqual(before);
    await refusal(
      up({
        '2_b.sql': `PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; ${REBUILD} SELECT absent;`,
      }),
    );
    expect(await session()).toEqual(before);
  });
});

test('a file that asks for no transaction is taken up with foreign keys as it had them', async () => {
  await up({ '1_tables.sql': FAMILY });
  const anew = (bad: string) =>
    `-- tidemark:transaction none\nPRAGMA foreign_keys = OFF;\n${REBUILD.replace('DROP TABLE parent', `${bad}DROP TABLE parent`)}`;
  const stuck = await refusal(up({ '2_anew.sql': anew('SELECT absent;') }));
  expect(stuck.hints.join(' ')).toContain('Of its 6 statements the first 3 hold');
  await up({ '2_anew.sql': anew('') });
  expect(await rows('SELECT id FROM child')).toEqual([{ id: 10 }, { id: 20 }]);
  expect(await rows('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
});

describe('making a table anew', () => {
  beforeEach(() => up({ '1_tables.sql': FAMILY }));

  test('keeps the rows of its children when the file switches foreign keys off', async () => {
    await up({
      '2_anew.sql': `PRAGMA foreign_keys = OFF;${REBUILD}PRAGMA foreign_key_check;\nPRAGMA foreign_keys = ON;`,
    });
    expect(await rows('SELECT id, parent FROM child')).toEqual([
      { id: 10, parent: 1 },
      { id: 20, parent: 2 },
    ]);
    expect(await rows('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  test('refuses when it would leave children without parents', async () => {
    const lossy = `PRAGMA foreign_keys = OFF; DELETE FROM parent WHERE id = 2; ${REBUILD}`;
    const error = await refusal(up({ '2_anew.sql': lossy }));
    expect(error.message).toContain('1 row of child would refer to rows of parent that are not there');
    const query = /See all of them with: (.*)$/.exec(
      error.hints.find((hint) => hint.includes('See all'))!,
    )![1]!;
    expect(await rows('SELECT count(*) AS n FROM parent')).toEqual([{ n: 2 }]);
    await connection.executeAll(['PRAGMA foreign_keys = OFF', 'DELETE FROM parent WHERE id = 2']);
    expect(await rows(query)).toEqual([{ id: 20, parent: 2 }]);
  });

  test('goes on where there were such children before', async () => {
    await connection.executeAll([
      'PRAGMA foreign_keys = OFF',
      'INSERT INTO child VALUES (30, 99)',
      'PRAGMA foreign_keys = ON',
    ]);
    await up({ '2_anew.sql': `PRAGMA foreign_keys = OFF;${REBUILD}` });
    expect(await rows('SELECT count(*) AS n FROM child')).toEqual([{ n: 3 }]);
  });

  test('refuses to lose rows on the way', async () => {
    const some = REBUILD.replace('FROM parent;', 'FROM parent WHERE id = 1;');
    await connection.executeAll(['DELETE FROM child']);
    const error = await refusal(up({ '2_anew.sql': `PRAGMA foreign_keys = OFF;${some}` }));
    expect(error.message).toContain(
      'table parent has 2 rows and new_parent, which is to take its place, has 1',
    );
    await up({
      '2_anew.sql': `-- tidemark:ignore row-count only the first is wanted\nPRAGMA foreign_keys = OFF;${some}`,
    });
    expect(await rows('SELECT id FROM parent')).toEqual([{ id: 1 }]);
  });

  test('asks for the rows that would stop it before it begins', async () => {
    await connection.executeAll(['INSERT INTO parent VALUES (3, NULL)']);
    const question = '-- Rows that stop it: SELECT * FROM parent WHERE name IS NULL\n';
    const error = await refusal(
      up({ '2_anew.sql': `PRAGMA foreign_keys = OFF;\n${question}${REBUILD.trim()}` }),
    );
    expect(error.message).toContain('2_anew failed before it began: 1 row stands in its way');
    expect(error.location).toMatchObject({ line: 3 });
    const printed = [error.message, error.excerpt ?? '', ...error.hints].join('\n');
    expect(printed.split('SELECT * FROM parent WHERE name IS NULL')).toHaveLength(2);
    expect(error.details).toMatchObject({
      revision: '2',
      statement: null,
      rows: [
        {
          statement: 2,
          table: 'parent',
          column: 'name',
          rows: 1,
          query: 'SELECT * FROM parent WHERE name IS NULL',
          reason: null,
        },
      ],
    });
  });

  test('asks all that a file asks before its first statement, and says all that fails', async () => {
    await connection.executeAll(['INSERT INTO parent VALUES (3, NULL), (4, NULL)']);
    const made: string[] = [];
    const error = await refusal(
      up(
        {
          '2_first.sql': 'CREATE TABLE first (a);',
          '3_both.sql': `CREATE TABLE second (a);
-- May fail: no names
-- Rows that stop it: SELECT * FROM parent WHERE name IS NULL
CREATE UNIQUE INDEX names ON parent (name);
-- Rows that stop it: SELECT * FROM second
CREATE INDEX fine ON second (a);
-- May fail: childless
-- Rows that stop it: SELECT * FROM parent AS p WHERE NOT EXISTS (SELECT 1 FROM child AS c WHERE c.parent = p.id)
DROP TABLE child;`,
        },
        { onEvent: (event) => event.type === 'migration-done' && made.push(event.step.revision) },
      ),
    );
    expect(error.message).toBe(
      '3_both failed before it began: rows stand in the way of 2 of its changes: no names (2 rows); childless (2 rows)',
    );
    expect(error.details.rows).toMatchObject([
      { statement: 2, table: 'parent', column: 'name', rows: 2, reason: 'no names' },
      { statement: 4, table: 'parent', rows: 2, reason: 'childless' },
    ]);
    expect(error.hints.filter((hint) => hint.startsWith('See them with: '))).toHaveLength(2);
    expect(error.hints).toContain('1 migration before it in this run stays applied.');
    expect(made).toEqual(['2']);
    expect(await rows("SELECT name FROM sqlite_schema WHERE name IN ('first', 'second')")).toEqual([
      { name: 'first' },
    ]);
  });

  test.each([
    ['filled', "UPDATE parent SET name = 'none' WHERE name IS NULL;"],
    ['deleted', 'DELETE FROM parent WHERE name IS NULL;'],
    ['put elsewhere', 'ALTER TABLE parent RENAME TO old; CREATE TABLE parent (id, name);'],
    ['dropped', 'DROP TABLE child; DROP TABLE parent; CREATE TABLE parent (id INTEGER, name);'],
  ])('asks later where the rows are %s first', async (_, first) => {
    await connection.executeAll(['INSERT INTO parent VALUES (3, NULL)']);
    const question = '-- Rows that stop it: SELECT * FROM parent WHERE name IS NULL\n';
    await up({ '2_late.sql': `${first}\n${question}CREATE INDEX late ON parent (name);` });
    expect(await rows("SELECT name FROM sqlite_schema WHERE name = 'late'")).toHaveLength(1);
  });

  test('asks later about what it makes itself, and stops there', async () => {
    const error = await refusal(
      up({
        '2_late.sql': `ALTER TABLE parent ADD COLUMN nick;
-- May fail: no nicks
-- Rows that stop it: SELECT * FROM parent WHERE nick IS NULL
CREATE UNIQUE INDEX nicks ON parent (nick);`,
      }),
    );
    expect(error.message).toBe('2_late failed at statement 2 of 2: no nicks (2 rows)');
    expect(error.details).toMatchObject({ statement: 2, rows: [{ column: 'nick', rows: 2 }] });
    expect(await rows("SELECT name FROM pragma_table_info('parent') WHERE name = 'nick'")).toEqual([]);
  });

  test('refuses to break a view, and does not mind one that was broken', async () => {
    await connection.executeAll([
      'CREATE VIEW broken AS SELECT * FROM nowhere',
      'PRAGMA legacy_alter_table = ON',
      'CREATE VIEW names AS SELECT name FROM parent',
    ]);
    const drops =
      'PRAGMA foreign_keys = OFF; CREATE TABLE new_parent (id INTEGER PRIMARY KEY); INSERT INTO new_parent SELECT id FROM parent; PRAGMA legacy_alter_table = ON; DROP TABLE parent; ALTER TABLE new_parent RENAME TO parent;';
    const error = await refusal(up({ '2_anew.sql': drops }));
    expect(error.message).toMatch(/view names is broken by it: no such column: name/);
    await up({ '2_anew.sql': `${drops} DROP VIEW names;` });
    expect(await rows('SELECT id FROM parent')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test('refuses a view that is broken when it is made', async () => {
    await connection.executeAll(['CREATE VIEW old AS SELECT * FROM nowhere']);
    const error = await refusal(up({ '2_view.sql': 'CREATE VIEW later AS SELECT * FROM not_yet;' }));
    expect(error.message).toContain('view later is broken by it: no such table: main.not_yet');
    await up({
      '2_view.sql': 'CREATE VIEW later AS SELECT * FROM parent;',
      '3_drop.sql': 'CREATE TABLE x (a); DROP TABLE x;',
    });
    const late = await refusal(up({ '4_drop.sql': 'DROP TABLE child; DROP TABLE parent;' }));
    expect(late.message).toContain('view later is broken by it: no such table: main.parent');
  });

  test('refuses to break a trigger of another table', async () => {
    await connection.executeAll([
      'CREATE TABLE seen (name TEXT)',
      'CREATE TRIGGER child_seen AFTER UPDATE OF parent ON child BEGIN INSERT INTO seen SELECT name FROM parent; END',
    ]);
    const error = await refusal(
      up({ '2_drop.sql': 'PRAGMA legacy_alter_table = ON; ALTER TABLE seen RENAME TO saw;' }),
    );
    expect(error.message).toContain('trigger child_seen is broken by it: no such table: main.seen');
  });

  test('brings the statistics up to date', async () => {
    await connection.executeAll(['CREATE INDEX parent_name ON parent (name)', 'ANALYZE']);
    await up({
      '2_anew.sql': `PRAGMA foreign_keys = OFF;${REBUILD}CREATE INDEX parent_name ON parent (name);`,
    });
    expect(await rows(`SELECT idx, stat FROM sqlite_stat1 WHERE tbl = 'parent'`)).toEqual([
      { idx: 'parent_name', stat: '2 1' },
    ]);
  });
});

describe('the first run on a database with tables', () => {
  beforeEach(() => connection.executeAll(['CREATE TABLE old (a)', 'CREATE TABLE _alembic_tmp_old (a)']));

  test('is refused, and --baseline and exclude are ways on', async () => {
    const files = { '1_a.sql': 'CREATE TABLE old (a);', '2_b.sql': 'CREATE TABLE b (a);' };
    const error = await refusal(up(files));
    expect(error).toMatchObject({ code: 'database-not-clean', exitCode: 4 });
    expect(error.message).toContain('_alembic_tmp_old, old');
    const result = await up(files, { baseline: '1' });
    expect([result.baselined, result.after]).toEqual([['1'], ['2']]);
    expect(await rows(`SELECT name FROM sqlite_schema WHERE name LIKE '_alembic%'`)).toHaveLength(1);
  });

  test('goes on with what is excluded', async () => {
    const result = await up(
      { '1_a.sql': 'CREATE TABLE a (a);' },
      { exclude: ['table:old', 'main._alembic*'] },
    );
    expect(result.after).toEqual(['1']);
  });
});

describe('the lock', () => {
  test('is a file beside the database that goes with it', async () => {
    let seen = false;
    await up(
      { '1_a.sql': 'CREATE TABLE a (a);' },
      { onEvent: () => (seen ||= existsSync(`${path}-tidemark`)) },
    );
    expect([seen, existsSync(`${path}-tidemark`)]).toEqual([true, false]);
  });

  test.each([
    ['writer', ['BEGIN IMMEDIATE']],
    ['reader', ['BEGIN', 'SELECT * FROM sqlite_schema']],
  ])('waits for a %s, then says which file is busy', async (_, statements) => {
    await connection.executeAll(['CREATE TABLE there (a)', 'DROP TABLE there']);
    const other = await open();
    for (const statement of statements) await other.query(statement);
    const events: string[] = [];
    const error = await refusal(
      up(
        { '1_a.sql': 'CREATE TABLE a (a);' },
        { lockTimeoutMs: 400, onEvent: (event) => events.push(event.type) },
      ),
    );
    expect(error).toMatchObject({ code: 'locked', exitCode: 4 });
    expect(error.message).toContain(`another process is using ${path}`);
    expect(events).toEqual(['waiting-for-lock']);
    await other.executeAll(['ROLLBACK']);
    await other.close();
    expect((await up({})).after).toEqual(['1']);
    expect(existsSync(`${path}-tidemark`)).toBe(false);
  });
});

test('a commit that a reader holds up says so, and is tried again', async () => {
  await up({ '1_a.sql': 'CREATE TABLE a (a);' });
  const other = await open();
  const begin = async () => {
    await other.executeAll(['BEGIN']);
    await other.query('SELECT * FROM a');
  };
  const files = { '2_b.sql': 'CREATE TABLE b (a);' };
  const options = { statementLockTimeoutMs: 20, lockRetries: 0 };
  const error = await refusal(
    up(files, {
      ...options,
      onEvent: (event) => event.type === 'migration-started' && void begin(),
    }),
  );
  expect(error.message).toMatch(/2_b failed on commit: database is locked/);
  expect(error.hints).toContainEqual(
    `Another process has ${path} locked; let it end its transaction, then run this again.`,
  );
  expect(error.hints.join(' ')).toContain('could not be recorded');
  await other.executeAll(['ROLLBACK']);

  const retried: string[] = [];
  await up(files, {
    ...options,
    lockRetries: 3,
    onEvent: (event) => {
      if (event.type === 'migration-started') void begin();
      if (event.type !== 'retry') return;
      retried.push(event.reason);
      void other.executeAll(['ROLLBACK']);
    },
  });
  expect(retried).toEqual(['database is locked']);
  expect(await rows('SELECT revision FROM tidemark_revision ORDER BY position')).toEqual([
    { revision: '1' },
    { revision: '2' },
  ]);
  await other.close();
});

describe('a run that ended without a word', () => {
  const interrupt = () =>
    connection.executeAll([
      `INSERT INTO tidemark_log (run, operation, outcome, by_whom, host, process_id, tool_version)
       VALUES ('r', 'up', 'started', 'bob', 'there', 7, '1')`,
    ]);

  test.each([
    ['up', () => up({})],
    ['down', () => down('a')],
  ])('is closed by migrate %s also when nothing is left to do', async (_, work) => {
    const files = await folder.put({ '1_a.sql': 'CREATE TABLE a (id INTEGER);' });
    await up({});
    await interrupt();
    await up({}, { dryRun: true });
    expect((await migrationStatus(connection, files)).problems).toMatchObject([{ code: 'run-interrupted' }]);
    await work();
    expect((await migrationStatus(connection, files)).problems).toEqual([]);
  });
});
