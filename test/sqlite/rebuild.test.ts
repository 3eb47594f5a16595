import { afterEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { planHazards, planStatements } from '../../src/schema/plan.js';
import { differences, memory, plansBetween, run } from './support.js';

const open: Connection[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
});

/** A database in the first state with rows, taken to the second. */
async function migrated(from: string, rows: string, to: string): Promise<Connection> {
  const { after, up } = await plansBetween(from, to);
  const connection = await memory();
  open.push(connection);
  await connection.executeAll([from, rows]);
  await run(connection, up);
  expect(await differences(connection, after)).toEqual([]);
  return connection;
}

async function planned(from: string, to: string): Promise<string[]> {
  return planStatements((await plansBetween(from, to)).up);
}

/** A table that can only be changed by a rebuild: the type of `x` is another one. */
const table = (columns: string, options = '', x = 'x INT'): string =>
  `CREATE TABLE t (${x}, ${columns}) ${options};`;
const rebuilt = (columns: string, options = ''): string => table(columns, options, 'x INTEGER');

describe('what a rebuild keeps', () => {
  const kept: {
    name: string;
    columns: string;
    options?: string;
    rows?: string;
    also?: string;
    query: string;
  }[] = [
    {
      name: 'AUTOINCREMENT and its counter, though the highest rows are gone',
      columns: 'id INTEGER PRIMARY KEY AUTOINCREMENT',
      rows: 'INSERT INTO t (id) VALUES (1), (2), (99); DELETE FROM t WHERE id > 1',
      query: `SELECT seq, (SELECT group_concat(id) FROM t) AS ids FROM sqlite_sequence WHERE name = 't'`,
    },
    {
      name: 'the counter of a table without any row',
      columns: 'id INTEGER PRIMARY KEY AUTOINCREMENT',
      rows: 'INSERT INTO t (id) VALUES (41); DELETE FROM t',
      query: 'SELECT * FROM sqlite_sequence',
    },
    {
      name: 'no counter where there was none yet',
      columns: 'id INTEGER PRIMARY KEY AUTOINCREMENT',
      query: 'SELECT * FROM sqlite_sequence',
    },
    {
      name: 'rowids where no column stands for them',
      columns: 'a TEXT',
      rows: `INSERT INTO t (rowid, a) VALUES (10, 'ten'), (-7, 'seven'), (9000000000, 'big')`,
      query: 'SELECT rowid, a FROM t',
    },
    {
      name: 'rowids under another name where a column is called rowid',
      columns: 'rowid TEXT',
      rows: `INSERT INTO t (_rowid_, rowid) VALUES (10, 'ten')`,
      query: 'SELECT _rowid_ AS id, rowid AS column FROM t',
    },
    {
      name: 'the rowid of a key in the other direction, which is no name of it',
      columns: 'id INTEGER PRIMARY KEY DESC',
      rows: 'INSERT INTO t (rowid, id) VALUES (5, 1)',
      query: 'SELECT rowid AS r, id FROM t',
    },
    {
      name: 'collations and conflict clauses',
      columns: 'a TEXT COLLATE NOCASE UNIQUE ON CONFLICT IGNORE, b TEXT NOT NULL ON CONFLICT FAIL',
      rows: `INSERT INTO t (a, b) VALUES ('Ann', 'b'); INSERT INTO t (a, b) VALUES ('ANN', 'b')`,
      query: `SELECT a FROM t WHERE a = 'aNN'`,
    },
    {
      name: 'generated columns of both sorts, short and long',
      columns: 'a INT, v AS (a + 1), s INT GENERATED ALWAYS AS (a * 2) STORED',
      rows: 'INSERT INTO t (a) VALUES (4)',
      query: 'SELECT a, v, s FROM t',
    },
    {
      name: 'a column without a type, one of a strange type, and defaults of every sort',
      columns: `n, u "UNSIGNED BIG INT", d DEFAULT 'it''s', e DEFAULT -5, f DEFAULT (1 + 2), g DEFAULT CURRENT_TIMESTAMP, h DEFAULT "quoted"`,
      rows: `INSERT INTO t (n, u, g) VALUES ('007', 7, 'now')`,
      query: 'SELECT n, typeof(n) AS type, u, d, e, f, g, h FROM t',
    },
    {
      name: 'a WITHOUT ROWID table',
      columns: 'a TEXT, b TEXT, PRIMARY KEY (b DESC, a)',
      options: 'WITHOUT ROWID',
      rows: `INSERT INTO t (a, b) VALUES ('1', '2')`,
      query: `SELECT a, b, (SELECT wr FROM pragma_table_list WHERE name = 't') AS without_rowid FROM t`,
    },
    {
      name: 'a STRICT table with ANY',
      columns: 'a ANY',
      options: 'STRICT',
      rows: `INSERT INTO t (a) VALUES ('007')`,
      query: `SELECT a, typeof(a) AS type, (SELECT strict FROM pragma_table_list WHERE name = 't') AS strict FROM t`,
    },
    {
      name: 'a foreign key to itself, by its final name',
      columns:
        'id INTEGER PRIMARY KEY, parent INT REFERENCES t ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED',
      rows: 'INSERT INTO t (id, parent) VALUES (1, NULL), (2, 1)',
      query: `SELECT "table", on_delete, (SELECT count(*) FROM t) AS rows FROM pragma_foreign_key_list('t')`,
    },
    {
      name: 'a check that calls its column by the table name',
      columns: 'a INT CHECK (t.a > 0 AND "T"."a" < 9)',
      rows: 'INSERT INTO t (a) VALUES (3)',
      query: `SELECT a, (SELECT sql LIKE '%_tidemark_%' FROM sqlite_schema WHERE name = 't') AS leftover FROM t`,
    },
    {
      name: 'an index on expressions, with WHERE, order and collation',
      columns: 'a TEXT, b INT',
      also: 'CREATE UNIQUE INDEX i ON t (lower(a) DESC, b COLLATE NOCASE) WHERE b > 1;',
      rows: `INSERT INTO t (a, b) VALUES ('x', 2)`,
      query: `SELECT name, sql FROM sqlite_schema WHERE type = 'index'`,
    },
    {
      name: 'views over views, triggers on them, and a trigger of another table that writes here',
      columns: 'a INT',
      also: `CREATE TABLE o (b INT); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a + 1 AS c FROM v;
        CREATE TRIGGER wi INSTEAD OF INSERT ON w BEGIN INSERT INTO t (a) VALUES (new.c); END;
        CREATE TRIGGER oi AFTER INSERT ON o BEGIN INSERT INTO t (a) SELECT CASE WHEN new.b THEN 1 ELSE 2 END; END;`,
      rows: 'INSERT INTO o VALUES (1); INSERT INTO w VALUES (6)',
      query: 'SELECT group_concat(c) AS values_of_w FROM w',
    },
    {
      name: 'names that need quotes',
      columns: '"we;ird ""x""" TEXT, [select] INT, `a`',
      rows: `INSERT INTO t ("we;ird ""x""", [select]) VALUES ('y', 1)`,
      query: 'SELECT * FROM t',
    },
  ];
  it.each(kept)('$name', async ({ columns, options = '', also = '', rows = '', query }) => {
    const plain = await memory();
    open.push(plain);
    await plain.executeAll([table(columns, options) + also, rows]);
    const expected = await plain.query(query);
    const connection = await migrated(table(columns, options) + also, rows, rebuilt(columns, options) + also);
    expect(await connection.query(query)).toEqual(expected);
  });

  it('comments', async () => {
    const to =
      'CREATE TABLE t ( -- the table\n  a TEXT /* of ours, (honestly */,\n  x BIGINT -- last, but not\n);';
    const connection = await migrated('CREATE TABLE t (a TEXT, x INT);', '', to);
    const [row] = await connection.query<{ sql: string }>('SELECT sql FROM sqlite_schema');
    expect(row!.sql).toContain('-- the table');
    expect(row!.sql).toContain('-- last, but not');
  });
});

describe('the traps of a rebuild', () => {
  const parent = 'CREATE TABLE p (id INTEGER PRIMARY KEY, x INT);';
  const newParent = 'CREATE TABLE p (id INTEGER PRIMARY KEY, x BIGINT);';
  const actions = ['CASCADE', 'SET NULL', 'SET DEFAULT', 'RESTRICT', 'NO ACTION'];

  it.each(actions)('children with ON DELETE %s stay as they are', async (action) => {
    const child = `CREATE TABLE c (id INTEGER PRIMARY KEY, p INT DEFAULT 1 REFERENCES p (id) ON DELETE ${action});
      CREATE TABLE log (what TEXT);
      CREATE TRIGGER cd AFTER DELETE ON c BEGIN INSERT INTO log VALUES ('deleted ' || old.id); END;`;
    const rows = 'INSERT INTO p VALUES (1, 5), (2, 6); INSERT INTO c VALUES (1, 1), (2, 2)';
    const connection = await migrated(parent + child, rows, newParent + child);
    expect(await connection.query('SELECT * FROM c')).toEqual([
      { id: 1, p: 1 },
      { id: 2, p: 2 },
    ]);
    expect(await connection.query('SELECT * FROM log')).toEqual([]);
    expect(await connection.query('PRAGMA foreign_key_check')).toEqual([]);
    expect(await connection.query(`SELECT "table" FROM pragma_foreign_key_list('c')`)).toEqual([
      { table: 'p' },
    ]);
    expect(await connection.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
  });

  it('foreign keys are off before the transaction begins, and only where a table is dropped', async () => {
    expect((await planned(parent, newParent))[0]).toBe('PRAGMA foreign_keys = OFF');
    expect(await planned(parent, 'CREATE TABLE p (id INTEGER PRIMARY KEY, x INT, y INT);')).toEqual([
      'ALTER TABLE p ADD COLUMN y INT',
    ]);
  });

  it('a referenced table that goes for good does not take rows along', async () => {
    const from = `${parent} CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE);`;
    const to = 'CREATE TABLE c (id INTEGER PRIMARY KEY, p INT);';
    const connection = await migrated(from, 'INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (7, 1)', to);
    expect(await connection.query('SELECT * FROM c')).toEqual([{ id: 7, p: 1 }]);
  });

  it('one rebuild a table, however many changes', async () => {
    const from = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT, c TEXT);';
    const to =
      'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, c TEXT NOT NULL, d INT DEFAULT (1 + 1), CHECK (d > 0));';
    const statements = await planned(from, to);
    expect(statements.filter((sql) => sql.startsWith('CREATE TABLE'))).toHaveLength(1);
    const connection = await migrated(from, `INSERT INTO t VALUES (3, 1, 'b', 'c')`, to);
    expect(await connection.query('SELECT * FROM t')).toEqual([{ id: 3, a: '1', c: 'c', d: 2 }]);
  });

  it('the old table is never renamed away, and what holds its place meanwhile has another name', async () => {
    const statements = await planned(table('a INT'), rebuilt('a INT'));
    expect(statements.filter((sql) => sql.startsWith('ALTER TABLE'))).toEqual([
      'ALTER TABLE _tidemark_new_t RENAME TO t',
    ]);
  });

  it('rows that a new ON CONFLICT REPLACE would drop stop it instead', async () => {
    const to = rebuilt('a TEXT UNIQUE ON CONFLICT REPLACE, b TEXT NOT NULL ON CONFLICT IGNORE');
    const { up } = await plansBetween(table('a TEXT, b TEXT'), to);
    const connection = await memory();
    open.push(connection);
    await connection.executeAll([
      table('a TEXT, b TEXT'),
      `INSERT INTO t (a, b) VALUES ('1', '1'), ('1', '2'), ('3', NULL)`,
    ]);
    await connection.executeAll(['BEGIN']);
    await expect(connection.executeAll(planStatements(up))).rejects.toThrow(/constraint failed/);
    await connection.executeAll(['ROLLBACK']);
    await expect(run(connection, up)).rejects.toThrow(/rows stop it/);
    expect(await connection.query('SELECT count(*) AS n FROM t')).toEqual([{ n: 3 }]);
    expect(await connection.query(`SELECT name FROM sqlite_schema WHERE type = 'table'`)).toEqual([
      { name: 't' },
    ]);
  });

  it('a view that was broken before neither stops it nor is lost', async () => {
    const broken = 'CREATE VIEW bad AS SELECT n FROM nowhere;';
    const connection = await migrated(
      table('a INT') + broken,
      'INSERT INTO t VALUES (1, 2)',
      rebuilt('a INT') + broken,
    );
    expect(await connection.query(`SELECT sql FROM sqlite_schema WHERE name = 'bad'`)).toEqual([
      { sql: 'CREATE VIEW bad AS SELECT n FROM nowhere' },
    ]);
  });

  it('a view that the change breaks is there afterwards, as it was written', async () => {
    const view = 'CREATE VIEW v AS SELECT * FROM gone;';
    const from = `CREATE TABLE t (a INT, b INT); CREATE TABLE gone (a);${view}`;
    const connection = await migrated(from, 'INSERT INTO t VALUES (1, 2)', `CREATE TABLE t (a INT);${view}`);
    expect(await connection.query('SELECT a, (SELECT count(*) FROM sqlite_schema) AS n FROM t')).toEqual([
      { a: 1, n: 2 },
    ]);
  });

  it('a table may get another spelling', async () => {
    const connection = await migrated(
      'CREATE TABLE users (Id INT);',
      'INSERT INTO users VALUES (1)',
      'CREATE TABLE Users (id INT);',
    );
    expect(await connection.query('SELECT * FROM users')).toEqual([{ id: 1 }]);
    expect(await connection.query('SELECT name FROM sqlite_schema')).toEqual([{ name: 'Users' }]);
  });

  it('a column goes natively or by a rebuild, with a broken view about', async () => {
    const broken = 'CREATE VIEW bad AS SELECT n FROM nowhere;';
    const from = `CREATE TABLE t (a INT, b INT);${broken}`;
    const connection = await migrated(
      from,
      'INSERT INTO t VALUES (1, 2)',
      `CREATE TABLE t (a INT);${broken}`,
    );
    expect(await connection.query('SELECT * FROM t')).toEqual([{ a: 1 }]);
  });

  it('a dropped column takes its index, its view and its trigger along', async () => {
    const from = `CREATE TABLE t (a INT, b INT CHECK (b > 0), CHECK (a > b));
      CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT b FROM t;
      CREATE TRIGGER tr AFTER UPDATE OF b ON t BEGIN SELECT 1; END;`;
    const connection = await migrated(from, 'INSERT INTO t VALUES (2, 1)', 'CREATE TABLE t (a INT);');
    expect(await connection.query('SELECT name FROM sqlite_schema')).toEqual([{ name: 't' }]);
    expect(await connection.query('SELECT * FROM t')).toEqual([{ a: 2 }]);
  });

  it('an external-content FTS5 table still finds its rows', async () => {
    const fts = `CREATE VIRTUAL TABLE f USING fts5 (a, content='t', content_rowid='rowid');
      CREATE TRIGGER ti AFTER INSERT ON t BEGIN INSERT INTO f (rowid, a) VALUES (new.rowid, new.a); END;`;
    const rows = `INSERT INTO t (rowid, a) VALUES (40, 'needle'), (50, 'hay')`;
    const connection = await migrated(table('a TEXT') + fts, rows, rebuilt('a TEXT') + fts);
    expect(await connection.query(`SELECT rowid AS id, a FROM f WHERE f MATCH 'needle'`)).toEqual([
      { id: 40, a: 'needle' },
    ]);
  });

  it('an FTS5 table over another one is filled again when it changes; one of its own asks for consent', async () => {
    const base = 'CREATE TABLE d (id INTEGER PRIMARY KEY, a TEXT, b TEXT);';
    const over = (columns: string) =>
      `${base} CREATE VIRTUAL TABLE f USING fts5 (${columns}, content='d', content_rowid='id');`;
    const connection = await migrated(over('a'), `INSERT INTO d VALUES (7, 'x', 'needle')`, over('a, b'));
    expect(await connection.query(`SELECT rowid AS id FROM f WHERE f MATCH 'needle'`)).toEqual([{ id: 7 }]);
    const own = await plansBetween(
      'CREATE VIRTUAL TABLE f USING fts5 (a)',
      'CREATE VIRTUAL TABLE f USING fts5 (a, b)',
    );
    expect(planHazards(own.up)).toMatchObject([{ code: 'drop-table', level: 'data-loss', subject: 'f' }]);
  });

  it('a table left behind by a migration that was cut off is reported and not touched', async () => {
    const { before } = await plansBetween(
      `${table('a INT')} CREATE TABLE _alembic_tmp_t (a INT); CREATE INDEX ai ON _alembic_tmp_t (a); CREATE TABLE _tidemark_new_t (a INT);`,
      '',
    );
    expect(before.unmanaged.map(({ name }) => name)).toEqual(['_alembic_tmp_t', '_tidemark_new_t']);
    expect([...before.objects.keys()].filter((id) => /tmp|tidemark/.test(id))).toEqual([]);
  });

  it('a column that is computed from now on says that its values are lost', async () => {
    const { up } = await plansBetween(
      'CREATE TABLE t (a INT, b INT);',
      'CREATE TABLE t (a INT, b INT AS (a) STORED);',
    );
    expect(up.steps[0]!.hazards).toMatchObject([{ code: 'drop-column', level: 'data-loss', subject: 't.b' }]);
  });
});
