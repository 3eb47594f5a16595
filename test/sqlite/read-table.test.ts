import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { diffSchemas } from '../../src/schema/diff.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';
import { readTable } from '../../src/sqlite/read-table.js';
import { printTable } from './print-table.js';
import { memory } from './support.js';

/** What the engine itself says of every table: the judge of what was read. */
async function pragmas(connection: Connection): Promise<unknown> {
  const single = (type: string): string =>
    type
      .replace(/--[^\n]*|\/\*.*?\*\//g, ' ')
      .replace(/\s+/g, ' ')
      .replace(/ ?([(),]) ?/g, '$1')
      .trim();
  const columns = await connection.query<{ type: string }>(
    `SELECT t.name AS tbl, t.wr, t.strict, x.* FROM pragma_table_list AS t, pragma_table_xinfo(t.name) AS x WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, x.cid`,
  );
  const indexes = await connection.query(
    `SELECT t.name AS tbl, i.*, x.* FROM pragma_table_list AS t, pragma_index_list(t.name) AS i, pragma_index_xinfo(i.name) AS x WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' ORDER BY i.name, x.seqno`,
  );
  const keys = await connection.query(
    `SELECT t.name AS tbl, f.* FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, f.id, f.seq`,
  );
  return { columns: columns.map((column) => ({ ...column, type: single(column.type) })), indexes, keys };
}

/** Reads a table, prints it and makes it again elsewhere; all that the engine says and all facts must be equal. */
async function faithful(sql: string): Promise<void> {
  const original = await memory();
  const copy = await memory();
  try {
    await original.executeAll([sql]);
    const [stored] = await original.query<{ sql: string }>(
      `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
    );
    const printed = printTable(readTable(stored!.sql));
    await copy.executeAll([printed]).catch((error: Error) => {
      throw new Error(`${error.message}\n${sql}\n${printed}`);
    });
    expect(await pragmas(copy), printed).toEqual(await pragmas(original));
    const [one, other] = [await sqliteDialect.readSchema(original), await sqliteDialect.readSchema(copy)];
    expect(one.unmanaged).toEqual([]);
    expect(diffSchemas(one, other, sqliteDialect), printed).toEqual([]);
  } finally {
    await original.close();
    await copy.close();
  }
}

const HARD = [
  'CREATE TABLE t (a)',
  'CREATE TABLE IF NOT EXISTS main.t (a INT, b INT)',
  'create table "t" ("a" "b c" "d", [x y] [z], `q` varchar ( 10 , -2 ), \'s\' \'TEXT\')',
  'CREATE TABLE t (a INT DEFAULT 1 DEFAULT 2)',
  'CREATE TABLE t (a INT CONSTRAINT x, b INT CONSTRAINT y NOT NULL CONSTRAINT z)',
  'CREATE TABLE t (a CONSTRAINT x CONSTRAINT y NOT NULL)',
  'CREATE TABLE t (a, b, UNIQUE (a) UNIQUE (b) CHECK (a > 1) CONSTRAINT c CHECK (b))',
  'CREATE TABLE t (key, action, "order", match, rowid, first, last, generated, always, initially)',
  'CREATE TABLE t (a INTEGER PRIMARY KEY ASC ON CONFLICT ROLLBACK AUTOINCREMENT)',
  'CREATE TABLE t (a INTEGER PRIMARY KEY DESC)',
  'CREATE TABLE t (a INTEGER, PRIMARY KEY (a DESC))',
  'CREATE TABLE t (a INTEGER, b, PRIMARY KEY (a AUTOINCREMENT))',
  'CREATE TABLE t (a INT, b TEXT COLLATE "NOCASE", PRIMARY KEY (b COLLATE rtrim DESC, a) ON CONFLICT FAIL) WITHOUT ROWID, STRICT',
  'CREATE TABLE t (a AS (1), b INT)',
  'CREATE TABLE t (a INT GENERATED ALWAYS AS (b * (1 + 2)) STORED, b INT AS (c) VIRTUAL UNIQUE, c)',
  'CREATE TABLE t (a generated always as (b), b)',
  `CREATE TABLE t (a DEFAULT 'it''s', b DEFAULT -5, c DEFAULT +1.5e3, d DEFAULT x'00ff', e DEFAULT (max(1, ')')), f DEFAULT NULL, g DEFAULT TRUE, h DEFAULT CURRENT_TIMESTAMP)`,
  'CREATE TABLE t (a REFERENCES p, b REFERENCES p (x) ON DELETE SET NULL ON UPDATE NO ACTION MATCH FULL NOT DEFERRABLE, c REFERENCES p (y) ON UPDATE SET DEFAULT DEFERRABLE INITIALLY DEFERRED)',
  'CREATE TABLE t (a, b, c, CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES [o p] (x, "y z") ON DELETE RESTRICT DEFERRABLE INITIALLY IMMEDIATE, FOREIGN KEY (c) REFERENCES t)',
  'CREATE TABLE t (a REFERENCES p NOT NULL DEFERRABLE INITIALLY DEFERRED)',
  'CREATE TABLE t (a -- one, (\n, b /* two ) */ INT, -- three\n c)',
  'CREATE TABLE t (a CHECK (a IN (1, 2, (3))) CHECK (a <> \')\'), b CONSTRAINT "n n" CHECK ((b)))',
  'CREATE TABLE t (a COLLATE nocase COLLATE rtrim, b NULL, c NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT REPLACE)',
  'CREATE TABLE "we;ird ""t""" ("x""y" INT, [a"b], `c``d`)',
  'CREATE TABLE ünï (größe TEXT, "日本" INT)',
  'CREATE TABLE t (a UNSIGNED BIG INT, b DOUBLE PRECISION, c NATIVE CHARACTER(70), d DECIMAL(10,5))',
];

describe('reading CREATE TABLE', () => {
  it.each(HARD)('%s', (sql) => faithful(sql));

  it('CREATE TABLE AS is stored as a plain table', async () => {
    await faithful(`CREATE TABLE t AS SELECT 1 AS a, 'x' AS "b c", 1.5`);
  });

  it('reads whatever the engine accepts', async () => {
    const names = ['a', '"b b"', '[c]', '`d`', 'key', '"e""e"', "'f'"];
    const types = ['', 'INT', 'INTEGER', '"odd type"', 'VARCHAR(3)', 'DEC( 3 , -1 )', 'no action', 'TEXT'];
    const conflict = fc.constantFrom('', 'ON CONFLICT FAIL', 'on conflict Replace');
    const name = fc.constantFrom('', '', 'CONSTRAINT x', 'constraint "y z" CONSTRAINT w');
    const rule = fc.oneof(
      conflict.map((c) => `NOT NULL ${c}`),
      conflict.map((c) => `NULL ${c}`),
      conflict.map((c) => `UNIQUE ${c}`),
      fc.tuple(fc.constantFrom('', 'ASC', 'desc'), conflict).map((words) => `PRIMARY KEY ${words.join(' ')}`),
      fc
        .constantFrom('1', '-1', "'x,('", '(1 + (2))', 'NULL', 'current_date', "x'ab'")
        .map((v) => `DEFAULT ${v}`),
      fc.constantFrom('nocase', '"RTRIM"', 'binary').map((c) => `COLLATE ${c}`),
      fc.constantFrom('1', "a <> ')'", '(a) IN (1, 2)').map((e) => `CHECK (${e})`),
      fc
        .tuple(
          fc.constantFrom('p', '"p p" (x)', '[t]'),
          fc.constantFrom('', 'ON DELETE CASCADE', 'ON UPDATE SET NULL ON DELETE NO ACTION', 'MATCH simple'),
          fc.constantFrom(
            '',
            'DEFERRABLE',
            'NOT DEFERRABLE INITIALLY DEFERRED',
            'deferrable initially deferred',
          ),
        )
        .map((words) => `REFERENCES ${words.join(' ')}`),
      fc.constantFrom('AS (1)', 'GENERATED ALWAYS AS (1 + 1) STORED', 'as (2) virtual'),
    );
    const named = fc.tuple(name, rule).map((words) => words.join(' '));
    const column = fc.tuple(fc.constantFrom(...types), fc.array(named, { maxLength: 4 }));
    const tableRule = fc.constantFrom(
      'UNIQUE (a COLLATE nocase DESC)',
      'CONSTRAINT u UNIQUE (a) ON CONFLICT IGNORE',
      'PRIMARY KEY (a)',
      'CHECK (a > 0) ON CONFLICT ABORT',
      'FOREIGN KEY (a) REFERENCES q (x) ON UPDATE CASCADE',
    );
    const gap = fc.constantFrom(' ', '  ', '\n', '\t', ' /* , ) */ ', " -- it's\n", '\r\n');
    const text = fc
      .record({
        columns: fc.array(column, { minLength: 1, maxLength: names.length }),
        rules: fc.array(tableRule, { maxLength: 2 }),
        commas: fc.boolean(),
        options: fc.constantFrom('', 'WITHOUT ROWID', 'STRICT', 'strict, without rowid'),
        gaps: fc.array(gap, { minLength: 1, maxLength: 7 }),
      })
      .map(({ columns, rules, commas, options, gaps }) => {
        const list = columns.map(([type, words], at) => `${names[at]} ${type} ${words.join(' ')}`);
        const tail = rules.length > 0 ? `, ${rules.join(commas ? ', ' : ' ')}` : '';
        const sql = `CREATE TABLE t ( ${list.join(' , ')} ${tail} ) ${options}`;
        let at = 0;
        // Gaps only between words: never inside of quotes, nor where the engine itself takes a comment for a type.
        return sql.replace(/GENERATED ALWAYS|'(?:[^']|'')*'|"(?:[^"]|"")*"|\[[^\]]*\]|`[^`]*`| +/g, (part) =>
          part.startsWith(' ') ? gaps[at++ % gaps.length]! : part,
        );
      });
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(text, async (sql) => {
        const engine = await memory();
        const refused = await engine.executeAll([sql]).then(
          () => false,
          () => true,
        );
        await engine.close();
        fc.pre(!refused);
        accepted += 1;
        await faithful(sql);
      }),
      { numRuns: 400, maxSkipsPerRun: 50 },
    );
    expect(accepted).toBeGreaterThanOrEqual(400);
  });
});
