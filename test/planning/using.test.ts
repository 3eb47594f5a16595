import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DevDatabase } from '../../src/database/dev-database.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { type PlanOptions, planBetween } from '../../src/planning/plan-between.js';
import { Workbench } from '../../src/planning/workbench.js';
import { migrationText } from '../../src/planning/write-migration.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { planHazards, planStatements } from '../../src/schema/plan.js';
import { unansweredConversions } from '../../src/schema/value-conversions.js';

let folder: string;
let dev: DevDatabase;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-using-'));
  process.env.TIDEMARK_CACHE_DIR = join(folder, 'cache');
  dev = openEmbeddedDev();
});
afterAll(async () => {
  await dev.close();
  delete process.env.TIDEMARK_CACHE_DIR;
  rmSync(folder, { recursive: true, force: true });
});

const state = (sql: string) => ({
  type: 'scripts' as const,
  label: 'a state',
  files: [{ name: 'schema.sql', sql }],
});

function plan(from: string, to: string, using: Record<string, string> = {}, more: Partial<PlanOptions> = {}) {
  const bench = new Workbench({ dialect: postgresDialect, openDev: async () => dev });
  const conversions = Object.entries(using).map(([name, expression]) => {
    return { name, expression, source: `--using ${name}`, required: true };
  });
  const open = () => Promise.reject(new Error('no database is opened'));
  return planBetween(bench, state(from), state(to), { open, conversions, ...more });
}

describe('values that get another type', () => {
  const from = `CREATE TABLE users (id int PRIMARY KEY, age text DEFAULT '' NOT NULL CHECK (age <> 'x'));
    CREATE VIEW v AS SELECT id, age FROM users; CREATE INDEX i ON users (age); COMMENT ON COLUMN v.age IS 'kept'`;
  const to = `CREATE TABLE users (id int PRIMARY KEY, age int DEFAULT 0 CHECK (age > 0));
    CREATE VIEW v AS SELECT id, age FROM users; CREATE INDEX i ON users (age); COMMENT ON COLUMN v.age IS 'kept'`;

  it('become what was said, with all that hangs on them, and rows', async () => {
    const { up, down } = await plan(from, to, { 'users.age': `nullif(age, '')::int` });
    expect(planStatements(up)).toContain(
      `ALTER TABLE users ALTER COLUMN age TYPE integer USING nullif(age, '')::int`,
    );
    await dev.scratch(async (connection) => {
      await connection.executeAll([
        ...from.split(/;\s*/),
        `INSERT INTO users VALUES (1, ''), (2, '42')`,
        ...planStatements(up),
      ]);
      expect(await connection.query('SELECT age FROM v ORDER BY id')).toEqual([{ age: null }, { age: 42 }]);
      await connection.executeAll([`UPDATE users SET age = 1 WHERE age IS NULL`, ...planStatements(down)]);
      expect(await connection.query('SELECT age FROM v ORDER BY id')).toEqual([{ age: '1' }, { age: '42' }]);
    });
  }, 60_000);

  it('are written anew, which is said where others use the table', async () => {
    const [old, next] = ['CREATE TABLE t (a varchar(5))', 'CREATE TABLE t (a text)'];
    const messages = async (using: Record<string, string>) =>
      planHazards((await plan(old, next, using, { online: true })).up).map(({ level }) => level);
    expect(await messages({})).not.toContain('blocking');
    expect(await messages({ 't.a': 'upper(a)' })).toContain('blocking');
  }, 60_000);

  it('are asked about where no cast leads there, and only then', async () => {
    const asked: string[] = [];
    const onUnknownConversions: PlanOptions['onUnknownConversions'] = async (open) => {
      for (const { object, from: old, to: next } of open) asked.push(`${object.id} ${old} ${next}`);
      return new Map(open.map(({ object }) => [object.id, 'gen_random_uuid()']));
    };
    const { up, down } = await plan(
      `CREATE TYPE e AS ENUM ('a'); CREATE TABLE "T;" ("i d" int, a e, b text, c int, d text, g int, h int GENERATED ALWAYS AS (g) STORED);`,
      `CREATE TYPE e AS ENUM ('a'); CREATE TABLE "T;" ("i d" uuid, a text, b jsonb, c boolean, d e, g bigint, h bigint GENERATED ALWAYS AS (g) STORED);`,
      {},
      { onUnknownConversions },
    );
    expect(asked).toEqual(['column:public.T;.i d integer uuid']);
    expect(planStatements(up)).toContain(
      `ALTER TABLE "T;" ALTER COLUMN "i d" TYPE uuid USING gen_random_uuid()`,
    );
    expect(planHazards(up).filter(({ message }) => /no cast/.test(message))).toEqual([]);
    // The way down is written as well as can be, and the file says what it is worth.
    const text = migrationText('ids', up, down).down;
    expect(text).toContain('USING "i d"::text::integer');
    expect(text).toMatch(
      /may fail on a database with rows:\n(--.*\n)*-- {3}- no cast leads from uuid to integer/,
    );
  }, 60_000);

  it('are read from their texts where nobody is asked, which is said', async () => {
    const { up } = await plan('CREATE TABLE t (a date)', 'CREATE TABLE t (a int)');
    expect(planHazards(up)).toMatchObject([
      {
        code: 'change-type',
        level: 'may-fail',
        subject: 't.a',
        message: expect.stringMatching(/^no cast leads/),
      },
    ]);
  }, 60_000);

  it('of a renamed column, of partitions and children, of a serial key', async () => {
    const { up } = await plan(
      `CREATE TABLE p (id int, at int) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE t (old int)`,
      `CREATE TABLE p (id int, at date) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE t (new date)`,
      { 'p.at': `date '1970-01-01' + at`, 't.new': `date '1970-01-01' + new` },
      { renames: [{ from: 't.old', to: 'new', source: '--rename', required: true }] },
    );
    expect(planStatements(up).filter((sql) => sql.includes('USING'))).toEqual([
      `ALTER TABLE p ALTER COLUMN at TYPE date USING date '1970-01-01' + at`,
      `ALTER TABLE t ALTER COLUMN new TYPE date USING date '1970-01-01' + new`,
    ]);
  }, 60_000);

  it.each([
    ['a column that stays', { 't.b': 'b' }, 'using-unknown'],
    ['an expression that goes on', { 't.a': '1); DROP TABLE t; SELECT (1' }, 'using-invalid'],
    ['a comment behind it', { 't.a': '1 -- one' }, 'using-invalid'],
    ['no SQL', { 't.a': 'nullif(' }, 'using-invalid'],
    ['a column that is not there', { 't.a': 'aa::text::int' }, 'proof-failed'],
  ])(
    'refuses %s',
    async (_, using, code) => {
      await expect(
        plan('CREATE TABLE t (a date, b int)', 'CREATE TABLE t (a int, b int)', using),
      ).rejects.toMatchObject({ code });
    },
    60_000,
  );
});

it('names the column, both types and the ways to answer', async () => {
  const refused = plan(
    'CREATE TABLE "o\'dd" (a date)',
    'CREATE TABLE "o\'dd" (a int)',
    {},
    {
      onUnknownConversions: async (open) => {
        throw unansweredConversions(open, postgresDialect);
      },
    },
  );
  await expect(refused).rejects.toMatchObject({
    code: 'conversion-unanswered',
    exitCode: 4,
    message: expect.stringContaining("column o'dd.a is date and becomes integer"),
    hints: expect.arrayContaining([
      expect.stringContaining(`--using 'o'\\''dd.a=…'`),
      expect.stringContaining('-- tidemark:using EXPRESSION'),
    ]),
    details: { conversions: [{ object: "column:public.o'dd.a", from: 'date', to: 'integer' }] },
  });
}, 60_000);
