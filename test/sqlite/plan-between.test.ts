import { describe, expect, it } from 'vitest';
import { planHazards, planStatements } from '../../src/schema/plan.js';
import { parseRenameFlag } from '../../src/schema/rename.js';
import { memory, provenPlan, run } from './support.js';

const plan = (from: string, to: string, renames: readonly string[] = [], exclude: readonly string[] = []) =>
  provenPlan(from, to, renames.map(parseRenameFlag), exclude);

describe('plans for SQLite, proven on a dev database', () => {
  it('renames a table with all that mentions it, and keeps the rows', async () => {
    const from = `CREATE TABLE users (id INTEGER PRIMARY KEY, nick TEXT CHECK (users.nick <> ''));
      CREATE TABLE posts (id INTEGER PRIMARY KEY, author INT REFERENCES users ON DELETE CASCADE);
      CREATE INDEX users_nick ON users (nick);
      CREATE VIEW nicks AS SELECT nick FROM users;
      CREATE TRIGGER t AFTER DELETE ON posts BEGIN UPDATE users SET nick = 'x' WHERE id = old.author; END;`;
    const to = from
      .replaceAll('users', 'accounts')
      .replace('CREATE INDEX accounts_nick', 'CREATE INDEX users_nick');
    const { up, down } = await plan(from, to, ['users=accounts']);
    expect(planStatements(up)).toEqual(['ALTER TABLE users RENAME TO accounts']);
    expect(planStatements(down)).toEqual(['ALTER TABLE accounts RENAME TO users']);
  });

  it('renames a column and rebuilds its table in one plan', async () => {
    const from =
      'CREATE TABLE users (id INTEGER PRIMARY KEY, nick TEXT, age INT); CREATE VIEW v AS SELECT nick, age FROM users;';
    const to =
      'CREATE TABLE users (id INTEGER PRIMARY KEY, display_name TEXT UNIQUE, age INT); CREATE VIEW v AS SELECT display_name, age FROM users;';
    const { up, down } = await plan(from, to, ['users.nick=display_name']);
    const connection = await memory();
    try {
      await connection.executeAll([from, `INSERT INTO users VALUES (1, 'ann', 30)`]);
      await run(connection, up);
      expect(await connection.query('SELECT * FROM users')).toEqual([
        { id: 1, display_name: 'ann', age: 30 },
      ]);
      await run(connection, down);
      expect(await connection.query('SELECT * FROM users')).toEqual([{ id: 1, nick: 'ann', age: 30 }]);
    } finally {
      await connection.close();
    }
  });

  it('asks for consent where data goes, by the same words as for PostgreSQL', async () => {
    const { up, down } = await plan(
      'CREATE TABLE users (id INTEGER PRIMARY KEY, nickname TEXT); CREATE TABLE old (a);',
      'CREATE TABLE users (id INTEGER PRIMARY KEY);',
    );
    expect(planHazards(up).map(({ level, code, subject }) => `${level} ${code}:${subject}`)).toEqual([
      'data-loss drop-table:old',
      'data-loss drop-column:users.nickname',
    ]);
    expect(planHazards(down)).toEqual([]);
  });

  it('FTS5 and R*Tree tables come and go with their shadow tables as one thing', async () => {
    const to = `CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT);
      CREATE VIRTUAL TABLE search USING fts5 (body, content = 'docs', content_rowid = 'id');
      CREATE VIRTUAL TABLE area USING rtree (id, x0, x1);
      CREATE TRIGGER d AFTER INSERT ON docs BEGIN INSERT INTO search (rowid, body) VALUES (new.id, new.body); END;`;
    const { up, down, to: schema } = await plan('', to);
    expect([...schema.objects.values()].filter(({ parent }) => parent === null).map(({ id }) => id)).toEqual([
      'table:docs',
      'virtual-table:area',
      'virtual-table:search',
    ]);
    const steps = up.steps.map(({ object }) => object);
    expect(steps).toHaveLength(4);
    expect(steps.indexOf('table:docs')).toBeLessThan(steps.indexOf('virtual-table:search'));
    expect(steps.indexOf('virtual-table:search')).toBeLessThan(steps.indexOf('trigger:d'));
    expect(planStatements(down).slice(1, 3)).toEqual(['DROP TRIGGER d', 'DROP TABLE search']);
    expect(schema.unmanaged).toEqual([]);
  });

  it('tables that refer to each other are made and dropped in either order', async () => {
    const both =
      'CREATE TABLE a (id INTEGER PRIMARY KEY, b INT REFERENCES b); CREATE TABLE b (id INTEGER PRIMARY KEY, a INT REFERENCES a);';
    const { up, down } = await plan('', both);
    expect(up.steps.map(({ object }) => object).sort()).toEqual(['table:a', 'table:b']);
    expect(planStatements(down)).toContain('PRAGMA foreign_keys = OFF');
  });

  it('creates what is referred to first', async () => {
    const { up } = await plan(
      '',
      'CREATE TABLE a (b INT REFERENCES z); CREATE TABLE z (id INTEGER PRIMARY KEY);',
    );
    expect(up.steps.map(({ object }) => object)).toEqual(['table:z', 'table:a']);
  });

  it('a key may point to a table that goes, or was never there', async () => {
    const child = 'CREATE TABLE c (p INT REFERENCES p);';
    const { up } = await plan(`CREATE TABLE p (id INTEGER PRIMARY KEY); ${child}`, child);
    expect(planStatements(up)).toEqual([
      'PRAGMA foreign_keys = OFF',
      'DROP TABLE p',
      'PRAGMA foreign_keys = ON',
    ]);
  });

  it('names are the same when only their case differs, except for how they are spelled', async () => {
    const { up } = await plan(
      'CREATE TABLE Users (Id INTEGER PRIMARY KEY, p INT REFERENCES P(ID)); CREATE INDEX I ON Users (P); CREATE TABLE P (ID INTEGER PRIMARY KEY);',
      'CREATE TABLE Users (Id integer primary key, p int references p (id)); CREATE INDEX i ON USERS (p); CREATE TABLE P (ID INTEGER PRIMARY KEY);',
    );
    expect(planStatements(up)).toEqual([]);
  });

  it('leaves out what is excluded', async () => {
    const { up } = await plan(
      '',
      'CREATE TABLE a (x); CREATE TABLE tmp_b (x); CREATE INDEX i ON tmp_b (x); CREATE VIEW v AS SELECT x FROM a;',
      [],
      ['tmp_*', 'view:*'],
    );
    expect(up.steps.map(({ object }) => object)).toEqual(['table:a']);
  });

  it('a view replaced by a table of the same name frees the name first', async () => {
    const { up } = await plan(
      'CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t;',
      'CREATE TABLE t (a); CREATE TABLE v (a);',
    );
    expect(planStatements(up)).toEqual(['DROP VIEW v', 'CREATE TABLE v (a)']);
  });

  it('a changed view, trigger or index is dropped and created', async () => {
    const table = 'CREATE TABLE t (a, b);';
    const { up } = await plan(
      `${table} CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v; CREATE TRIGGER x INSTEAD OF INSERT ON w BEGIN SELECT 1; END;`,
      `${table} CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT a, b FROM t; CREATE VIEW w AS SELECT a FROM v; CREATE TRIGGER x INSTEAD OF INSERT ON w BEGIN SELECT 1; END;`,
    );
    expect(planStatements(up)).toEqual([
      'DROP INDEX i',
      'CREATE INDEX i ON t (b)',
      'DROP VIEW w',
      'DROP VIEW v',
      'CREATE VIEW v AS SELECT a, b FROM t',
      'CREATE VIEW w AS SELECT a FROM v',
      'CREATE TRIGGER x INSTEAD OF INSERT ON w BEGIN SELECT 1; END',
    ]);
  });
});
