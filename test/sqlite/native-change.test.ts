import { describe, expect, it } from 'vitest';
import { planStatements } from '../../src/schema/plan.js';
import { planBothWays } from '../../src/schema/planner.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';
import { differences, memory, run, schemaOf } from './support.js';

/** Each row of the reference's table: what ALTER TABLE does on which version, and what needs a rebuild. */
const NEW = 3_053_000;
const cases: { name: string; from: string; to: string; version?: number; sql: string[] | 'rebuild' }[] = [
  { name: 'add a column', from: 'a', to: 'a, b TEXT', sql: ['ALTER TABLE t ADD COLUMN b TEXT'] },
  {
    name: 'add columns, in their order',
    from: 'a',
    to: `a, z INT DEFAULT 1, b TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE`,
    sql: [
      'ALTER TABLE t ADD COLUMN z INT DEFAULT 1',
      `ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'x' COLLATE NOCASE`,
    ],
  },
  {
    name: 'add a column with its check and its foreign key',
    from: 'a',
    to: 'a, b INT CHECK (b > 0) REFERENCES t (a)',
    sql: ['ALTER TABLE t ADD COLUMN b INT CHECK (b > 0) REFERENCES t (a)'],
  },
  {
    name: 'add a virtual column',
    from: 'a',
    to: 'a, b AS (a + 1)',
    sql: ['ALTER TABLE t ADD COLUMN b AS (a + 1)'],
  },
  { name: 'add a stored column', from: 'a', to: 'a, b AS (a + 1) STORED', sql: 'rebuild' },
  { name: 'add a UNIQUE column', from: 'a', to: 'a, b UNIQUE', sql: 'rebuild' },
  { name: 'add a PRIMARY KEY column', from: 'a', to: 'a, b INTEGER PRIMARY KEY', sql: 'rebuild' },
  { name: 'add with an expression for a default', from: 'a', to: 'a, b DEFAULT (1 + 1)', sql: 'rebuild' },
  { name: 'add with CURRENT_TIMESTAMP', from: 'a', to: 'a, b DEFAULT current_timestamp', sql: 'rebuild' },
  { name: 'add NOT NULL with the default NULL', from: 'a', to: 'a, b NOT NULL DEFAULT NULL', sql: 'rebuild' },
  {
    name: 'add a reference with a default',
    from: 'a',
    to: 'a, b DEFAULT 1 REFERENCES t (a)',
    sql: 'rebuild',
  },
  { name: 'drop a column', from: 'a, b', to: 'a', sql: ['ALTER TABLE t DROP COLUMN b'] },
  { name: 'drop a column before 3.35', from: 'a, b', to: 'a', version: 3_034_001, sql: 'rebuild' },
  {
    name: 'drop a column with its own check and reference',
    from: 'a, b CHECK (b > 0) REFERENCES t (a)',
    to: 'a',
    sql: ['ALTER TABLE t DROP COLUMN b'],
  },
  { name: 'drop a UNIQUE column', from: 'a, b UNIQUE', to: 'a', sql: 'rebuild' },
  { name: 'drop a key column', from: 'a, b PRIMARY KEY', to: 'a', sql: 'rebuild' },
  { name: 'drop a column with a table check', from: 'a, b, CHECK (b > 0)', to: 'a', sql: 'rebuild' },
  { name: "drop a column in another's check", from: 'a CHECK (a > b), b', to: 'a', sql: 'rebuild' },
  {
    name: 'drop a column in a table foreign key',
    from: 'a, b, FOREIGN KEY (b) REFERENCES t (a)',
    to: 'a',
    sql: 'rebuild',
  },
  { name: 'drop a column that another is computed from', from: 'a, b, c AS (b)', to: 'a, c', sql: 'rebuild' },
  {
    name: 'set NOT NULL',
    from: 'a, b TEXT',
    to: 'a, b TEXT NOT NULL',
    version: NEW,
    sql: ['ALTER TABLE t ALTER COLUMN b SET NOT NULL'],
  },
  {
    name: 'set NOT NULL with a way out of conflicts',
    from: 'a, b TEXT',
    to: 'a, b TEXT NOT NULL ON CONFLICT REPLACE',
    version: NEW,
    sql: ['ALTER TABLE t ALTER COLUMN b SET NOT NULL ON CONFLICT REPLACE'],
  },
  { name: 'set NOT NULL before 3.53', from: 'a, b', to: 'a, b NOT NULL', version: 3_051_003, sql: 'rebuild' },
  {
    name: 'set NOT NULL where a comment stands',
    from: 'a, b -- c\n',
    to: 'a, b NOT NULL',
    version: NEW,
    sql: 'rebuild',
  },
  {
    name: 'drop NOT NULL',
    from: 'a, b NOT NULL',
    to: 'a, b',
    version: NEW,
    sql: ['ALTER TABLE t ALTER COLUMN b DROP NOT NULL'],
  },
  {
    name: 'drop a check that has a name',
    from: 'a CONSTRAINT c CHECK (a > 0)',
    to: 'a',
    version: NEW,
    sql: ['ALTER TABLE t DROP CONSTRAINT c'],
  },
  { name: 'drop a check without a name', from: 'a CHECK (a > 0)', to: 'a', version: NEW, sql: 'rebuild' },
  {
    name: 'drop a check before 3.53',
    from: 'a CONSTRAINT c CHECK (a > 0)',
    to: 'a',
    version: 3_051_003,
    sql: 'rebuild',
  },
  // ADD CHECK refuses rows for which the check is NULL, which the constraint then accepts.
  { name: 'add a check', from: 'a', to: 'a CHECK (a > 0)', version: NEW, sql: 'rebuild' },
  { name: 'add UNIQUE', from: 'a', to: 'a UNIQUE', sql: 'rebuild' },
  { name: 'add a primary key', from: 'a INT', to: 'a INT PRIMARY KEY', sql: 'rebuild' },
  { name: 'add a foreign key', from: 'a', to: 'a REFERENCES t (a)', sql: 'rebuild' },
  {
    name: 'change what a foreign key does',
    from: 'a REFERENCES t (a)',
    to: 'a REFERENCES t (a) ON DELETE CASCADE',
    sql: 'rebuild',
  },
  { name: 'set a default', from: 'a', to: 'a DEFAULT 1', sql: 'rebuild' },
  { name: 'change a type', from: 'a INT', to: 'a BIGINT', sql: 'rebuild' },
  { name: 'change a collation', from: 'a', to: 'a COLLATE NOCASE', sql: 'rebuild' },
  {
    name: 'set AUTOINCREMENT',
    from: 'a INTEGER PRIMARY KEY',
    to: 'a INTEGER PRIMARY KEY AUTOINCREMENT',
    sql: 'rebuild',
  },
  { name: 'change the case of a name', from: 'a, Foo', to: 'a, foo', sql: 'rebuild' },
  // None of these says anything else.
  { name: 'another order of columns', from: 'a, b', to: 'b, a', sql: [] },
  {
    name: 'other white space, quotes and case',
    from: 'a INT CHECK ("a">0)',
    to: '[a]  int\ncheck(A > 0 /* yes */)',
    sql: [],
  },
  {
    name: 'a key at its column or at the table',
    from: 'a INTEGER PRIMARY KEY',
    to: 'a INTEGER, PRIMARY KEY (a)',
    sql: [],
  },
];

describe('what ALTER TABLE does itself', () => {
  it.each(cases)('$name', async ({ from, to, version, sql }) => {
    const before = await schemaOf(`CREATE TABLE t (${from})`);
    const after = await schemaOf(`CREATE TABLE t (${to})`);
    const at = { engineVersion: version ?? before.engineVersion };
    const { up, down } = planBothWays({ ...before, ...at }, { ...after, ...at }, sqliteDialect);
    const statements = planStatements(up);
    if (sql === 'rebuild') expect(statements.join('\n')).toContain('RENAME TO t');
    else expect(statements).toEqual(sql);

    // Whatever was chosen works, there and back, unless this engine is older than the case.
    const connection = await memory();
    try {
      if (at.engineVersion > connection.versionNumber) return;
      await connection.executeAll([`CREATE TABLE t (${from})`]);
      await run(connection, up);
      expect(await differences(connection, after)).toEqual([]);
      await run(connection, down);
      expect(await differences(connection, before)).toEqual([]);
    } finally {
      await connection.close();
    }
  });

  it('a table that becomes STRICT or WITHOUT ROWID is made anew', async () => {
    const before = await schemaOf('CREATE TABLE t (a TEXT PRIMARY KEY)');
    for (const options of ['STRICT', 'WITHOUT ROWID']) {
      const after = await schemaOf(`CREATE TABLE t (a TEXT PRIMARY KEY) ${options}`);
      const statements = planStatements(planBothWays(before, after, sqliteDialect).up).join('\n');
      expect(statements).toContain('RENAME TO t');
    }
  });
});
