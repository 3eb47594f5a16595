import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DevDatabase } from '../../src/database/dev-database.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { planBetween } from '../../src/planning/plan-between.js';
import { renameComments } from '../../src/planning/rename-comments.js';
import type { StateSource } from '../../src/planning/state-source.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { planHazards, planStatements } from '../../src/schema/plan.js';
import { parseRenameFlag, unansweredRenames } from '../../src/schema/rename.js';

let folder: string;
let dev: DevDatabase;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-renames-'));
  process.env.TIDEMARK_CACHE_DIR = join(folder, 'cache');
  dev = openEmbeddedDev();
});
afterAll(async () => {
  await dev.close();
  delete process.env.TIDEMARK_CACHE_DIR;
  rmSync(folder, { recursive: true, force: true });
});

const script = (sql: string): StateSource => ({
  type: 'scripts',
  label: 'a script',
  files: [{ name: 'schema.sql', sql }],
});

/** Plans and proves; gives the SQL both ways. What looks like a rename and is not answered is refused. */
async function plan(before: string, after: string, ...flags: string[]) {
  const bench = new Workbench({ dialect: postgresDialect, openDev: async () => dev });
  const { up, down, proven } = await planBetween(bench, script(before), script(after), {
    open: () => Promise.reject(new Error('no database is named here')),
    renames: [...flags.map(parseRenameFlag), ...renameComments([{ name: 'schema.sql', sql: after }])],
    onLikelyRenames: async (likely) => {
      throw unansweredRenames(likely, postgresDialect);
    },
  });
  expect(proven).toBeDefined();
  expect(planHazards(up).filter(({ level }) => level === 'data-loss')).toEqual([]);
  return { up: planStatements(up), down: planStatements(down) };
}

const BASE = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE DOMAIN email AS text CONSTRAINT has_at CHECK (VALUE LIKE '%@%');
  CREATE TYPE pair AS (a int, b int);
  CREATE TYPE span AS RANGE (SUBTYPE = float8);
  CREATE SEQUENCE tickets;
  CREATE TABLE users (id serial PRIMARY KEY, feels mood DEFAULT 'happy', mail email, p pair, s span, t int DEFAULT nextval('tickets'));
  CREATE INDEX users_mail ON users (mail);
  CREATE VIEW cheery AS SELECT id, mail FROM users WHERE feels = 'happy';
  CREATE FUNCTION next_one(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
  CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION trg();
`;

describe('what a flag renames', () => {
  it.each<[string, string, string, string[]]>([
    ['an enum', 'mood', 'feeling', ['ALTER TYPE mood RENAME TO feeling']],
    ['a domain', 'email', 'mailbox', ['ALTER DOMAIN email RENAME TO mailbox']],
    ['a composite', 'pair', 'couple', ['ALTER TYPE pair RENAME TO couple']],
    ['a sequence', 'tickets', 'numbers', ['ALTER SEQUENCE tickets RENAME TO numbers']],
    ['an index', 'users_mail', 'by_mail', ['ALTER INDEX users_mail RENAME TO by_mail']],
    ['a view', 'cheery', 'glad_ones', ['ALTER VIEW cheery RENAME TO glad_ones']],
    ['a function', 'next_one', 'successor', ['ALTER FUNCTION next_one(integer) RENAME TO successor']],
    ['a trigger', 'users.touched', 'seen', ['ALTER TRIGGER touched ON users RENAME TO seen']],
    [
      'a constraint of a domain',
      'email.has_at',
      'is_mail',
      ['ALTER DOMAIN email RENAME CONSTRAINT has_at TO is_mail'],
    ],
  ])('%s', async (_, old, next, up) => {
    const name = old.split('.').at(-1)!;
    const after = BASE.replaceAll(new RegExp(`\\b${name}\\b(?!['%])|'${name}'(?=\\))`, 'g'), (found) =>
      found.startsWith("'") ? `'${next}'` : next,
    );
    expect(await plan(BASE, after, `${old}=${next}`)).toEqual({
      up,
      down: [up[0]!.replace(name, '!').replace(` TO ${next}`, ` TO ${name}`).replace('!', next)],
    });
  });

  it('a value of an enum, in defaults and views too', async () => {
    const after = BASE.replaceAll("'happy'", "'glad'");
    expect(await plan(BASE, after, 'mood.happy=glad')).toEqual({
      up: ["ALTER TYPE mood RENAME VALUE 'happy' TO 'glad'"],
      down: ["ALTER TYPE mood RENAME VALUE 'glad' TO 'happy'"],
    });
    const close = BASE.replaceAll("'happy'", "'happier'");
    await expect(plan(BASE, close)).rejects.toMatchObject({ code: 'rename-unanswered' });
    expect((await plan(BASE, BASE.replaceAll("'happy'", "'fine'"))).up.join()).not.toContain('RENAME VALUE');
  });

  it('a table with what is named after it', async () => {
    const after = BASE.replace('CREATE TABLE users', 'CREATE TABLE accounts').replaceAll(
      /(ON|FROM) users/g,
      '$1 accounts',
    );
    const { up } = await plan(BASE, after, 'users=accounts');
    expect(up[0]).toBe('ALTER TABLE users RENAME TO accounts');
    expect(up).toContain('ALTER SEQUENCE users_id_seq RENAME TO accounts_id_seq');
    expect(up.filter((sql) => !/ RENAME /.test(sql))).toEqual([]);
  });

  it('a schema, and a column of a table in it', async () => {
    const before = 'CREATE SCHEMA old; CREATE TABLE old.t (a int); CREATE VIEW old.v AS SELECT a FROM old.t;';
    const after =
      'CREATE SCHEMA new; CREATE TABLE new.t (b int); CREATE VIEW new.v AS SELECT b AS a FROM new.t;';
    expect(await plan(before, after, 'old=new', 'old.t.a=b')).toEqual({
      up: ['ALTER SCHEMA old RENAME TO new', 'ALTER TABLE new.t RENAME COLUMN a TO b'],
      down: ['ALTER TABLE new.t RENAME COLUMN b TO a', 'ALTER SCHEMA new RENAME TO old'],
    });
  });
});

describe('names that are taken', () => {
  it('are swapped by way of another', async () => {
    const before = 'CREATE TABLE a (x int, y text); CREATE TABLE b (z int);';
    const after = 'CREATE TABLE b (y int, x text); CREATE TABLE a (z int);';
    const { up } = await plan(before, after, 'a=b', 'b=a', 'a.x=b.y', 'a.y=b.x');
    expect(up).toEqual([
      'ALTER TABLE a RENAME TO a__old',
      'ALTER TABLE b RENAME TO a',
      'ALTER TABLE a__old RENAME TO b',
      'ALTER TABLE b RENAME COLUMN x TO x__old',
      'ALTER TABLE b RENAME COLUMN y TO x',
      'ALTER TABLE b RENAME COLUMN x__old TO y',
    ]);
  });

  it('are handed on, by comments too, once', async () => {
    const before = 'CREATE TABLE t (a int, b text);';
    const after =
      'CREATE TABLE t (\n  b int, -- tidemark:renamed-from a\n  c text -- tidemark:renamed-from b\n);';
    const { up } = await plan(before, after);
    expect(up).toEqual(['ALTER TABLE t RENAME COLUMN b TO c', 'ALTER TABLE t RENAME COLUMN a TO b']);
    const bench = new Workbench({ dialect: postgresDialect, openDev: async () => dev });
    const again = await planBetween(bench, script(after), script(after), {
      open: () => Promise.reject(new Error()),
      renames: renameComments([{ name: 'schema.sql', sql: after }]),
    });
    expect(again.up.steps).toEqual([]);
  });

  it('a circle of comments says nothing, for it would never end', async () => {
    const sql =
      'CREATE TABLE t (\n  a int, -- tidemark:renamed-from b\n  b int -- tidemark:renamed-from a\n);';
    const bench = new Workbench({ dialect: postgresDialect, openDev: async () => dev });
    const { up } = await planBetween(bench, script('CREATE TABLE t (a int, b int)'), script(sql), {
      open: () => Promise.reject(new Error()),
      renames: renameComments([{ name: 'schema.sql', sql }]),
    });
    expect(up.steps).toEqual([]);
  });

  it('a name that is not given up is an error', async () => {
    const both = 'CREATE TABLE t (a int, b int);';
    await expect(plan(both, `${both} CREATE TABLE u ();`, 't.a=b')).rejects.toMatchObject({
      code: 'rename-unknown',
    });
  });
});

describe('unasked', () => {
  it('an index, a constraint or a type that differs by its name alone is renamed', async () => {
    const before = `CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (a m, b int CONSTRAINT one CHECK (b > 0)); CREATE INDEX i ON t (b);`;
    const after = `CREATE TYPE n AS ENUM ('a'); CREATE TABLE t (a n, b int CONSTRAINT two CHECK (b > 0)); CREATE INDEX j ON t (b);`;
    const { up } = await plan(before, after);
    expect([...up].sort()).toEqual([
      'ALTER INDEX i RENAME TO j',
      'ALTER TABLE t RENAME CONSTRAINT one TO two',
      'ALTER TYPE m RENAME TO n',
    ]);
  });

  it('a function is made again: nothing is lost, and nobody said that it is the same', async () => {
    const f = (name: string) => `CREATE FUNCTION ${name}() RETURNS int LANGUAGE sql AS 'SELECT 1';`;
    expect((await plan(f('f'), f('g'))).up.join(';')).toContain('DROP FUNCTION f');
  });

  it('not to a name that something else has until later', async () => {
    const before = 'CREATE TABLE t (b int); CREATE INDEX i ON t (b); CREATE VIEW j AS SELECT 1 AS one;';
    const { up } = await plan(before, 'CREATE TABLE t (b int); CREATE INDEX j ON t (b);');
    expect(up.join()).not.toContain('RENAME');
  });
});
