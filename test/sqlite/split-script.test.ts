import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TidemarkError } from '../../src/errors.js';
import { tokens } from '../../src/sqlite/lexer.js';
import { splitScript } from '../../src/sqlite/split-script.js';

const split = async (sql: string): Promise<string[]> =>
  (await splitScript(sql, 'f.sql')).map((statement) => statement.sql);

async function refusal(sql: string): Promise<TidemarkError> {
  return splitScript(sql, 'schema.sql').then(
    () => expect.unreachable(),
    (error: TidemarkError) => error,
  );
}

describe('splitScript', () => {
  const scripts: { name: string; sql: string; statements: string[] }[] = [
    { name: 'nothing', sql: '', statements: [] },
    { name: 'only comments', sql: '-- a;\n/* b; */ ;;\n ; -- c', statements: [] },
    { name: 'the last without a semicolon', sql: 'SELECT 1; SELECT 2', statements: ['SELECT 1', 'SELECT 2'] },
    {
      name: 'a byte order mark and CRLF',
      sql: '\uFEFFSELECT 1;\r\n-- x\r\nSELECT 2;\r\n',
      statements: ['SELECT 1', 'SELECT 2'],
    },
    {
      name: 'semicolons in quotes and comments',
      sql: `SELECT ';' AS "a;b", ';''' AS [c;d], 1 /* ; */ -- ;\n + 1 AS \`e;f\`; SELECT 2`,
      statements: [`SELECT ';' AS "a;b", ';''' AS [c;d], 1 /* ; */ -- ;\n + 1 AS \`e;f\``, 'SELECT 2'],
    },
    {
      name: 'a trigger with CASE … END and several statements',
      sql: 'CREATE TRIGGER t AFTER INSERT ON x BEGIN UPDATE x SET a = CASE WHEN 1 THEN 2 ELSE 3 END; DELETE FROM x; END; SELECT 1;',
      statements: [
        'CREATE TRIGGER t AFTER INSERT ON x BEGIN UPDATE x SET a = CASE WHEN 1 THEN 2 ELSE 3 END; DELETE FROM x; END',
        'SELECT 1',
      ],
    },
    {
      name: 'a temporary trigger with comments before its END',
      sql: 'create temp trigger if not exists t after insert on x begin select 1; -- end;\n end; select 2',
      statements: [
        'create temp trigger if not exists t after insert on x begin select 1; -- end;\n end',
        'select 2',
      ],
    },
    {
      name: 'a table called trigger is none',
      sql: 'CREATE TABLE "trigger" (a); SELECT 1',
      statements: ['CREATE TABLE "trigger" (a)', 'SELECT 1'],
    },
    {
      name: 'tables that are not there yet',
      sql: 'INSERT INTO nowhere VALUES (1); DROP VIEW v',
      statements: ['INSERT INTO nowhere VALUES (1)', 'DROP VIEW v'],
    },
  ];
  it.each(scripts)('$name', async ({ sql, statements }) => {
    expect(await split(sql)).toEqual(statements);
  });

  const wrong: { sql: string; code: string; message: RegExp; at: [line: number, column: number] }[] = [
    { sql: 'SELECT 1;\nSELEC 2;', code: 'sql-syntax', message: /near "SELEC"/, at: [2, 1] },
    { sql: 'CREATE TABLE t (\n  a INT,\n  , b INT\n);', code: 'sql-syntax', message: /near ","/, at: [3, 3] },
    { sql: 'SELECT 1;\n\n  CREATE TABLE t (a', code: 'sql-syntax', message: /incomplete input/, at: [3, 20] },
    { sql: `SELECT 'abc`, code: 'sql-syntax', message: /' is never closed/, at: [1, 8] },
    { sql: 'SELECT [abc', code: 'sql-syntax', message: /\[ is never closed/, at: [1, 8] },
    { sql: 'SELECT 1 ^ 2', code: 'sql-syntax', message: /unrecognized token: "\^"/, at: [1, 10] },
    { sql: 'SELECT 1;\0', code: 'sql-syntax', message: /NUL/, at: [1, 10] },
    { sql: 'SELECT 1;\n.read other.sql\n', code: 'shell-command', message: /^\.read/, at: [2, 1] },
    { sql: '.mode box', code: 'shell-command', message: /^\.mode/, at: [1, 1] },
  ];
  it.each(wrong)('refuses $sql', async ({ sql, code, message, at }) => {
    const error = await refusal(sql);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect([error.location?.line, error.location?.column]).toEqual(at);
    expect(error.location?.file).toBe('schema.sql');
    expect(error.excerpt).toContain('^');
  });

  it('gives the place of each statement', async () => {
    const statements = await splitScript('-- é\nSELECT 1;\n  SELECT 2;', 'f.sql');
    expect(statements.map(({ line, column, offset }) => [line, column, offset])).toEqual([
      [2, 1, 5],
      [3, 3, 17],
    ]);
  });

  const classes: [sql: string, facts: string][] = [
    ['SELECT 1', 'data'],
    ['insert into t values (1)', 'data'],
    ['WITH x AS (SELECT 1) SELECT * FROM x', 'data'],
    ['REPLACE INTO t VALUES (1)', 'data'],
    ['CREATE TABLE t (a)', ''],
    ['BEGIN IMMEDIATE', 'control'],
    ['COMMIT', 'control'],
    ['SAVEPOINT x', 'control'],
    ['VACUUM', 'alone'],
    [`VACUUM INTO 'x'`, 'alone'],
    [`ATTACH 'x' AS y`, 'alone'],
    ['PRAGMA journal_mode = WAL', 'alone'],
    ['PRAGMA main.journal_mode = WAL', 'alone'],
    ['PRAGMA foreign_keys = OFF', ''],
    ['PRAGMA user_version = 3', ''],
  ];
  it.each(classes)('%s: %s', async (sql, facts) => {
    const [statement] = await splitScript(sql, 'f.sql');
    const found = [
      ...(statement!.data ? ['data'] : []),
      ...(statement!.transactionControl ? ['control'] : []),
      ...(statement!.transactional ? [] : ['alone']),
    ];
    expect(found.join(' ')).toBe(facts);
  });

  it('5,000 statements', async () => {
    const sql = Array.from({ length: 5_000 }, (_, i) => `INSERT INTO t VALUES (${i});`).join('\n');
    expect(await split(sql)).toHaveLength(5_000);
  });
});

describe('tokens', () => {
  it('cover every text but its white space, in order', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...`aé1.e+-*/'"[]\`;()$?:@,<>=|\n #x\0`) }), (sql) => {
        let at = 0;
        for (const token of tokens(sql)) {
          expect(sql.slice(at, token.start).trim()).toBe('');
          expect(token.end).toBeGreaterThan(token.start);
          at = token.end;
        }
        expect(sql.slice(at).trim()).toBe('');
      }),
    );
  });
});
