import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DevDatabase } from '../../src/database/dev-database.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { sqliteDevDatabase } from '../../src/database/sqlite-dev-database.js';
import { TidemarkError } from '../../src/errors.js';
import { folderOfTexts } from '../../src/migrations/folder.js';
import { type PlannedSquash, planSquash, type SquashRequest } from '../../src/planning/squash-migrations.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import type { Dialect } from '../../src/schema/dialect.js';
import { parseRenameFlag } from '../../src/schema/rename.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';

let cache: string;
const devs = new Map<Dialect, DevDatabase>();
beforeAll(async () => {
  devs.set(postgresDialect, openEmbeddedDev());
  devs.set(sqliteDialect, await sqliteDevDatabase());
});
afterAll(async () => {
  for (const dev of devs.values()) await dev.close();
});
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'tidemark-squash-'));
  process.env.TIDEMARK_CACHE_DIR = cache;
});
afterEach(() => {
  delete process.env.TIDEMARK_CACHE_DIR;
  rmSync(cache, { recursive: true, force: true });
});

type Files = Readonly<Record<string, string>>;
const open = () => Promise.reject(new Error('no database is named here'));

function squash(
  files: Files,
  range: string,
  request: Partial<SquashRequest> = {},
  dialect: Dialect = postgresDialect,
): Promise<PlannedSquash> {
  const dev = devs.get(dialect);
  if (dev === undefined) throw new Error('no dev database');
  const { label, fingerprint, engineVersion } = dev;
  const bench = new Workbench({
    dialect,
    openDev: async () => ({
      label,
      fingerprint,
      engineVersion,
      scratch: (work, options) => dev.scratch(work, options),
      close: async () => undefined,
    }),
  });
  const folder = folderOfTexts('migrations', new Map(Object.entries(files)));
  return planSquash(bench, { folder, range, name: 'all', keepStatements: false, plan: { open }, ...request });
}

async function refusal(...args: Parameters<typeof squash>): Promise<TidemarkError> {
  const error: unknown = await squash(...args).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof TidemarkError) return error;
  throw new Error(`expected a TidemarkError, not ${String(error)}`);
}

const T = 'CREATE TABLE t (id int PRIMARY KEY, price text);';
/** `t` is older than the range, in which one statement stands. */
const range = (sql: string, file = '3_x.sql'): Files => ({
  '1_t.sql': T,
  '2_u.sql': 'CREATE TABLE u (id int PRIMARY KEY, note text);',
  [file]: sql,
});

describe('what a schema difference would lose is refused', () => {
  it.each([
    ['INSERT INTO u VALUES (1);', 'changes or reads rows'],
    ['UPDATE t SET price = 1;', 'changes or reads rows'],
    ["SELECT setval('s', 5);", 'changes or reads rows'],
    ['WITH gone AS (DELETE FROM u RETURNING id) SELECT * FROM gone;', 'changes or reads rows'],
    ['TRUNCATE u;', 'changes or reads rows'],
    ['DO $$ BEGIN PERFORM 1; END $$;', 'is not schema'],
    ['GRANT SELECT ON u TO PUBLIC;', 'sets rights'],
    ['CREATE TABLE copied AS SELECT * FROM t;', 'fills a table from a query'],
    ['ALTER TABLE u OWNER TO CURRENT_USER;', 'sets rights'],
    ['ALTER TABLE u SET TABLESPACE pg_default;', 'does not manage'],
    ['ALTER TABLE t ALTER price TYPE int USING (price::int * 100);', 'converts the values'],
    [
      'ALTER TABLE t ADD c int DEFAULT 5 NOT NULL;\nALTER TABLE t ALTER COLUMN c DROP DEFAULT;',
      'changes the default that rows',
    ],
    ['DROP TABLE t;\nCREATE TABLE t (id int PRIMARY KEY, price text);', 'empties a table'],
    ['ALTER TABLE ONLY "t" DROP price;\nALTER TABLE t ADD price text;', 'empties a column'],
    ['ALTER TABLE t DROP COLUMN price;', 'price'],
    ['ALTER TABLE t RENAME price TO cost;', 'price'],
  ])('%s', async (sql, reason) => {
    const files = range(sql.includes("setval('s'") ? `CREATE SEQUENCE s;\n${sql}` : sql);
    const error = await refusal(files, '2:3');
    expect(error).toMatchObject({ code: 'squash-refused', exitCode: 4 });
    expect(error.excerpt).toContain(reason);
    expect(error.hints.join(' ')).toContain('--keep-statements');
  });

  it('with every place', async () => {
    const { excerpt, details, location } = await refusal(
      {
        ...range('-- two\nCREATE INDEX i ON u (id);\nDELETE FROM u;\nINSERT INTO u VALUES (1);'),
        '4_y.ts': 'x',
      },
      '2:4',
    );
    expect(excerpt?.split('\n')).toEqual([
      'migrations/3_x.sql:3: DELETE FROM u (changes or reads rows)',
      'migrations/3_x.sql:4: INSERT INTO u VALUES (1) (changes or reads rows)',
      'migrations/4_y.ts:1: the whole program (is a program)',
    ]);
    expect(location).toMatchObject({ file: 'migrations/3_x.sql', line: 3 });
    expect(details.statements).toHaveLength(3);
  });
});

describe('what is only schema is not', () => {
  it.each([
    'ALTER TABLE u ALTER note TYPE int USING note::int;',
    'ALTER TABLE u ADD c int DEFAULT 5; ALTER TABLE u ALTER c DROP DEFAULT;',
    'ALTER TABLE t ADD c int; ALTER TABLE u DROP COLUMN note;',
    'DROP TABLE u; CREATE TABLE u (id int, note text); ALTER TABLE t DROP CONSTRAINT t_pkey;',
    "SET lock_timeout = '1s';\nCREATE INDEX CONCURRENTLY i ON u (id);",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'INSERT INTO u VALUES (1)';\nCOMMENT ON TABLE u IS 'a';",
    "CREATE TYPE mood AS ENUM ('a');\nALTER TYPE mood ADD VALUE 'b';\nCREATE MATERIALIZED VIEW m AS SELECT id FROM u;",
  ])('%s', async (sql) => {
    const { replaces, up, downText } = await squash(range(sql), '2:3');
    expect(replaces).toEqual(['2', '3']);
    expect(up).toContain('CREATE TABLE u');
    expect(downText).toContain('DROP TABLE u');
  });

  it('a rename that is named keeps the values', async () => {
    const plan = { open, renames: ['t.price=t.cost'].map(parseRenameFlag) };
    const { up } = await squash(range('ALTER TABLE t RENAME price TO cost;'), '2:3', { plan });
    expect(up).toMatch(/RENAME (COLUMN )?price TO cost/);
  });

  it('what cancels itself out leaves a file that says so', async () => {
    const { up, downText, steps } = await squash(
      { '1_t.sql': T, '2_u.sql': 'CREATE TABLE u ();', '3_v.sql': 'DROP TABLE u;' },
      '2:',
    );
    expect(steps).toEqual([]);
    expect(up).toBe('-- tidemark:replaces 2 3\n-- What it was made of has cancelled itself out.\n');
    expect(downText).toContain('Takes back');
  });

  it('SQLite: the rows of a table made anew are carried over; values that are changed on the way are not', async () => {
    const anew = (into: string, select: string): string =>
      `CREATE TABLE n (id INTEGER PRIMARY KEY, price INTEGER);\nINSERT INTO n (${into}) SELECT ${select} FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO t;`;
    const plain = await squash(range(anew('id, "price"', 'id, price')), '2:3', {}, sqliteDialect);
    expect(plain.up).toContain('CREATE TABLE u');
    expect(
      await refusal(range(anew('id, price', 'id, price * 100')), '2:3', {}, sqliteDialect),
    ).toMatchObject({
      code: 'squash-refused',
    });
    // As `migrate diff` writes it, with the counter of AUTOINCREMENT.
    const generated = `CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, price text);
INSERT OR ABORT INTO n (id, price)
SELECT id, price FROM t;
DELETE FROM sqlite_sequence WHERE name = 'n';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'n', seq FROM sqlite_sequence WHERE name = 't';
DROP TABLE t;
ALTER TABLE n RENAME TO t;`;
    expect((await squash(range(generated), '2:3', {}, sqliteDialect)).up).toContain('AUTOINCREMENT');
    const counting = `${generated}\nUPDATE sqlite_sequence SET seq = 5 WHERE name = 't';`;
    expect((await refusal(range(counting), '2:3', {}, sqliteDialect)).excerpt).toContain(
      'UPDATE sqlite_sequence',
    );
    // Made in the range: there is nothing in it to be changed.
    const own = anew('id, price', 'id, length(note)')
      .replaceAll('FROM t', 'FROM u')
      .replaceAll(/\bt;/g, 'u;');
    expect((await squash(range(own), '2:3', {}, sqliteDialect)).up).toContain('price INTEGER');
    // The old prices would go.
    expect(await refusal(range(anew('id', 'id')), '2:3', {}, sqliteDialect)).toMatchObject({
      code: 'squash-refused',
    });
  });
});

describe('the texts kept', () => {
  const keep = { keepStatements: true };
  const files = {
    '1_t.sql': T,
    '1_t.down.sql': 'DROP TABLE t;',
    '2_u.sql':
      "\uFEFF-- tidemark:branch more\n-- a comment\nCREATE TABLE u (id int, note text DEFAULT ';')\n",
    '2_u.down.sql': '-- tidemark:ignore drop-table it is mine\nDROP TABLE u',
    '3_x.sql': "INSERT INTO u VALUES (1, '-- no comment');\n-- the end",
    '3_x.down.sql': 'DELETE FROM u;',
  };

  it('stand in order, their reverses in reverse order, each ended', async () => {
    const { up, downText, revision } = await squash(files, '2:3', keep);
    expect(revision).toBe('3.1');
    expect(up).toBe(
      "-- tidemark:branch more\n-- tidemark:replaces 2 3\n-- from 2_u.sql\n-- a comment\nCREATE TABLE u (id int, note text DEFAULT ';')\n;\n\n-- from 3_x.sql\nINSERT INTO u VALUES (1, '-- no comment');\n-- the end\n",
    );
    expect(downText).toBe(
      '-- Takes back 3.1_all.\n\n-- from 3_x.down.sql\nDELETE FROM u;\n\n-- from 2_u.down.sql\nDROP TABLE u\n;\n',
    );
  });

  it('have no reverse where one has none', async () => {
    const { '3_x.down.sql': _, ...rest } = files;
    expect(await squash(rest, '2:3', keep)).toMatchObject({ downText: undefined, downFile: undefined });
  });

  it.each([
    ['a program', { '3_x.ts': 'export const upgrade = () => {};' }, '3_x.ts is a program'],
    ['what runs by itself', { '3_x.sql': '-- tidemark:transaction none\nVACUUM;' }, '3_x.sql runs outside'],
  ])('cannot hold %s', async (_, more, message) => {
    const { '3_x.sql': _up, '3_x.down.sql': _down, ...rest } = files;
    const error = await refusal({ ...rest, ...more }, '2:3', keep);
    expect(error).toMatchObject({ code: 'squash-not-joinable', exitCode: 4 });
    expect(error.message).toContain(message);
  });

  it('are proven: a reverse that leads elsewhere is one', async () => {
    const error = await refusal({ ...files, '2_u.down.sql': 'SELECT 1;' }, '2:3', keep);
    expect(error).toMatchObject({ code: 'squash-different' });
    expect(error.excerpt).toContain('table u');
  });
});

describe('the range', () => {
  const sql = (name: string, parent?: string) =>
    `${parent === undefined ? '' : `-- tidemark:parent ${parent}\n`}CREATE TABLE ${name} ();`;
  /** 1, 2, then two lines 3 and 4-5, joined by 6, and 7. */
  const graph = {
    '1_a.sql': sql('a'),
    '2_b.sql': sql('b'),
    '3_c.sql': sql('c'),
    '4_d.sql': sql('d', '2'),
    '5_e.sql': sql('e'),
    '6_m.sql': '-- tidemark:parent 3 5\n-- joined',
    '7_f.sql': sql('f'),
  };

  it.each([
    ['1:3', 'squash-branches', 'the line divides at 2 (b)'],
    ['5:7', 'squash-branches', '6 (m) joins several lines'],
    ['3:5', 'squash-range', '3 (c) does not lead to 5 (e)'],
    ['7:1', 'squash-range', '7 (f) does not lead to 1 (a)'],
    ['4:4', 'squash-one', 'fewer than two'],
    ['base:base', 'squash-one', 'fewer than two'],
    ['4', 'range-invalid', '"4" is not a range'],
    ['nobody:7', 'target-unknown', 'no revision "nobody"'],
  ])('%s is refused: %s', async (text, code, message) => {
    const error = await refusal(graph, text);
    expect(error).toMatchObject({ code, exitCode: 2 });
    expect(error.message).toContain(message);
  });

  it.each([
    ['4:5', ['4', '5'], '-- tidemark:parent 2\n-- tidemark:replaces 4 5\n'],
    [':2', ['1', '2'], '-- tidemark:replaces 1 2\n'],
    ['6:', ['6', '7'], '-- tidemark:parent 3 5\n-- tidemark:replaces 6 7\n'],
  ])('%s is one line', async (text, replaces, top) => {
    const planned = await squash(graph, text);
    expect(planned.replaces).toEqual(replaces);
    expect(planned.up.startsWith(top)).toBe(true);
  });

  it('keeps labels and dependencies, unless there are several labels', async () => {
    const files = {
      ...graph,
      '4_d.sql': `-- tidemark:branch left\n-- tidemark:depends-on 3\n${sql('d', '2')}`,
    };
    expect((await squash(files, '4:5')).up).toMatch(
      /^-- tidemark:parent 2\n-- tidemark:depends-on 3\n-- tidemark:branch left\n-- tidemark:replaces 4 5\n/,
    );
    const two = { ...files, '5_e.sql': `-- tidemark:branch right\n${sql('e')}` };
    expect(await refusal(two, '4:5')).toMatchObject({ code: 'squash-labels' });
  });

  it('does not take what needs another line in between', async () => {
    const files = {
      '1_a.sql': sql('a'),
      '2_b.sql': sql('b'),
      '3_c.sql': `-- tidemark:depends-on 2\n${sql('c', '1')}`,
      '4_d.sql': `-- tidemark:depends-on 3\n${sql('d', '2')}`,
    };
    expect(await refusal(files, '2:4')).toMatchObject({ code: 'squash-branches', exitCode: 2 });
  });

  it('finds a name between two others, whatever they are called', async () => {
    const table = (name: string) => `CREATE TABLE ${name} ();`;
    const second = { '20250901120000_a.sql': table('a'), '20250901120001_b.sql': table('b') };
    expect((await squash(second, ':20250901120001')).upFile).toBe('20250901120002_all.sql');
    const tight = { ...second, '20250901120002_c.sql': table('c') };
    expect((await squash(tight, ':20250901120001')).upFile).toBe('20250901120001.1_all.sql');
    const free = {
      'first.sql': `-- tidemark:revision a1\n${table('a')}`,
      'second.sql': `-- tidemark:revision b2\n${table('b')}`,
      'third.sql': `-- tidemark:revision c3\n${table('c')}`,
    };
    const planned = await squash(free, 'a1:b2');
    expect(planned.upFile).toBe('second_b2.1_all.sql');
    expect(planned.up).toMatch(/^-- tidemark:revision b2\.1\n-- tidemark:replaces a1 b2\n/);
  });

  it('is the same for everybody', async () => {
    const [one, other] = [await squash(graph, '4:5'), await squash(graph, '4:5')];
    expect(other).toEqual(one);
  });
});
