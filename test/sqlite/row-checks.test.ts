import { describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/database/connection.js';
import { renderPlan } from '../../src/schema/render-plan.js';
import { memory, plansBetween, run } from './support.js';

/** Changes that pass on an empty table and not on this one: `stops` of its rows are named. */
const cases: { name: string; from: string; to: string; rows: string; stops: number }[] = [
  {
    name: 'NOT NULL over NULLs',
    from: 'a, b',
    to: 'a, b NOT NULL',
    rows: '(1, NULL), (2, 1), (3, NULL)',
    stops: 2,
  },
  {
    name: 'NOT NULL in a rebuild',
    from: 'a, b',
    to: 'a, b INT NOT NULL',
    rows: '(1, NULL), (2, 1)',
    stops: 1,
  },
  { name: 'NOT NULL over values', from: 'a, b', to: 'a, b NOT NULL', rows: '(1, 2)', stops: 0 },
  { name: 'a NOT NULL column without a default', from: 'a', to: 'a, b NOT NULL', rows: '(1), (2)', stops: 2 },
  {
    name: 'NOT NULL with the default NULL',
    from: 'a',
    to: 'a, b NOT NULL DEFAULT NULL',
    rows: '(1)',
    stops: 1,
  },
  {
    name: 'NOT NULL with a default',
    from: 'a',
    to: 'a, b NOT NULL DEFAULT (1 + 1)',
    rows: '(1), (2)',
    stops: 0,
  },
  {
    name: 'CURRENT_TIMESTAMP',
    from: 'a',
    to: 'a, b NOT NULL DEFAULT CURRENT_TIMESTAMP',
    rows: '(1)',
    stops: 0,
  },
  {
    name: 'UNIQUE over duplicates',
    from: 'a, b',
    to: 'a, b UNIQUE',
    rows: '(1, 1), (2, 1), (3, NULL), (4, NULL), (5, 5)',
    stops: 2,
  },
  {
    name: 'UNIQUE by its collation',
    from: 'a TEXT COLLATE NOCASE',
    to: 'a TEXT COLLATE NOCASE UNIQUE',
    rows: "('A'), ('a'), ('b')",
    stops: 2,
  },
  {
    name: 'a key over duplicates',
    from: 'a, b',
    to: 'a, b, PRIMARY KEY (a, b)',
    rows: '(1, 1), (1, 1), (1, 2)',
    stops: 2,
  },
  { name: 'a check', from: 'a', to: 'a CHECK (a > 1)', rows: '(1), (2), (NULL)', stops: 1 },
  {
    name: 'a foreign key',
    from: 'a PRIMARY KEY, b',
    to: 'a PRIMARY KEY, b REFERENCES t',
    rows: '(1, 1), (2, 9), (3, NULL)',
    stops: 1,
  },
  {
    name: 'a text that looks like a number',
    from: 'a TEXT',
    to: 'a INTEGER',
    rows: "('007'), ('1.0'), ('7'), ('x'), (' 8')",
    stops: 3,
  },
  {
    name: 'dates and names are no numbers',
    from: 'a TEXT',
    to: 'a DATE',
    rows: "('2024-01-01'), ('1-2'), ('1e'), ('Inf')",
    stops: 0,
  },
  {
    name: 'a big whole number',
    from: 'a INTEGER',
    to: 'a REAL',
    rows: '(9007199254740993), (9007199254740992)',
    stops: 1,
  },
  {
    name: 'a number of many digits',
    from: 'a TEXT',
    to: 'a NUMERIC',
    rows: "('123456789012345678901')",
    stops: 1,
  },
  { name: 'numbers that become text', from: 'a INT', to: 'a TEXT', rows: '(1), (1.5), (NULL)', stops: 0 },
  {
    name: 'what STRICT refuses',
    from: 'a INTEGER, b TEXT',
    to: 'a INTEGER, b TEXT) STRICT --',
    rows: "('x', 1), (1, x'00'), (2, 'y')",
    stops: 2,
  },
];

describe('changes that depend on the rows', () => {
  it.each(cases)('$name', async ({ from, to, rows, stops }) => {
    const { up } = await plansBetween(`CREATE TABLE t (${from})`, `CREATE TABLE t (${to})`);
    const connection = await memory();
    try {
      await connection.executeAll([
        `CREATE TABLE t (${from})`,
        'PRAGMA foreign_keys = OFF',
        `INSERT INTO t VALUES ${rows}`,
      ]);
      const queries = up.steps.flatMap((step) => step.hazards.flatMap(({ stoppedBy }) => stoppedBy ?? []));
      let found = 0;
      for (const query of queries) found += (await connection.query(query)).length;
      expect(found).toBe(stops);
      const before = await connection.query('SELECT rowid, * FROM t');
      if (stops > 0) await expect(run(connection, up)).rejects.toThrow(/rows stop it/);
      else await run(connection, up);
      const after = await connection.query<Record<string, unknown>>('SELECT rowid, * FROM t');
      expect(after).toHaveLength(before.length);
      if (stops > 0) expect(after).toEqual(before);
    } finally {
      await connection.close();
    }
  });

  it('a UNIQUE index over duplicates, in its part of the table', async () => {
    const table = 'CREATE TABLE t (a TEXT, b INT);';
    const { up } = await plansBetween(
      table,
      `${table} CREATE UNIQUE INDEX i ON t (lower(a) DESC) WHERE b > 0`,
    );
    const connection = await memory();
    try {
      await connection.executeAll([table, `INSERT INTO t VALUES ('x', 1), ('X', 0), ('y', 1)`]);
      const [query] = up.steps.flatMap((step) => step.hazards.map(({ stoppedBy }) => stoppedBy!));
      expect(await connection.query(query!)).toEqual([]);
      await connection.executeAll([`UPDATE t SET b = 2`]);
      expect(await connection.query(query!)).toHaveLength(2);
      await expect(connection.executeAll(up.steps[0]!.sql)).rejects.toThrow(DatabaseError);
    } finally {
      await connection.close();
    }
  });

  it('nothing is asked about a key to a table that is not there yet', async () => {
    const { up } = await plansBetween(
      'CREATE TABLE t (a, b)',
      'CREATE TABLE z (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES z, b REFERENCES nowhere (x))',
    );
    expect(up.steps.flatMap((step) => step.hazards)).toEqual([]);
    const connection = await memory();
    try {
      await connection.executeAll(['CREATE TABLE t (a, b)']);
      await run(connection, up);
    } finally {
      await connection.close();
    }
  });

  it('the query stands in one line, or there is none', async () => {
    const check = 'a > 0 -- always\n AND a < 9';
    const { up } = await plansBetween('CREATE TABLE t (a)', `CREATE TABLE t (a CHECK (${check}))`);
    expect(renderPlan(up)).toContain('\n-- Rows that stop it: SELECT * FROM t WHERE NOT (a > 0 AND a < 9)\n');
    const text = await plansBetween('CREATE TABLE t (a)', "CREATE TABLE t (a CHECK (a <> '\n'))");
    expect(renderPlan(text.up)).not.toContain('Rows that stop it');
  });

  it('names what it is about', async () => {
    const { up } = await plansBetween('CREATE TABLE t (a)', 'CREATE TABLE t (a NOT NULL)');
    expect(up.steps[0]!.hazards).toEqual([
      {
        code: 'set-not-null',
        level: 'may-fail',
        subject: 't.a',
        message: 'rows of t have no value in a, which is to be NOT NULL',
        stoppedBy: 'SELECT * FROM t WHERE a IS NULL',
      },
    ]);
  });
});
