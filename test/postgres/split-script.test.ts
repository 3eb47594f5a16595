import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TidemarkError } from '../../src/errors.js';
import { splitScript } from '../../src/postgres/split-script.js';

async function texts(sql: string): Promise<string[]> {
  return (await splitScript(sql, 'x.sql')).map((statement) => statement.sql);
}

async function failure(sql: string): Promise<TidemarkError> {
  const error = await splitScript(sql, 'x.sql').then(
    () => expect.unreachable(`accepted: ${sql}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TidemarkError);
  return error as TidemarkError;
}

const ATOMIC = 'create function f() returns int begin atomic select 1; select 2; end';

describe('splitting', () => {
  it.each<[string, string, string[]]>([
    ['nothing', '', []],
    ['blanks', ' \r\n\t', []],
    ['a lone byte order mark', '\uFEFF', []],
    ['only comments', '-- a\n/* b /* c */ */', []],
    ['an unfinished last comment line', "select 1; -- it's; ;", ['select 1']],
    ['empty statements', ';;select 1;; ;select 2;;', ['select 1', 'select 2']],
    ['no last semicolon', 'select 1; select 2', ['select 1', 'select 2']],
    ['comments around', '/* a */ select 1 /* b */ ; -- c\nselect 2 -- d\n', ['select 1', 'select 2']],
    ['comments inside', 'select /* ; */ 1 -- ;\n + 1;', ['select /* ; */ 1 -- ;\n + 1']],
    ['nested comments', '/* a /* ; */ ; */ select 1; select 2', ['select 1', 'select 2']],
    ['CRLF', 'select 1;\r\n\r\n-- x\r\nselect\r\n2;\r\n', ['select 1', 'select\r\n2']],
    ['a byte order mark', '\uFEFFselect 1; select 2', ['select 1', 'select 2']],
    ['a byte order mark and a comment', '\uFEFF-- x\nselect 1', ['select 1']],
    ['an escape string', "select E'it\\';s'; select 2", ["select E'it\\';s'", 'select 2']],
    [
      'an escape string over two lines',
      "select E'a'\n'b\\';'; select 2",
      ["select E'a'\n'b\\';'", 'select 2'],
    ],
    ['a backslash in a plain string', "select 'a\\'; select 2", ["select 'a\\'", 'select 2']],
    ['doubled quotes', "select 'a'';''b'; select 2", ["select 'a'';''b'", 'select 2']],
    ['a quoted name', 'select 1 as "a;""b"; select 2', ['select 1 as "a;""b"', 'select 2']],
    ['dollar quotes', 'do $$ begin; end $$; select 2', ['do $$ begin; end $$', 'select 2']],
    ['tagged dollar quotes', 'do $a$ x $$;$$ $b$ $a$; select 2', ['do $a$ x $$;$$ $b$ $a$', 'select 2']],
    ['a tag outside of ASCII', 'do $é日$ ; $é日$; select 2', ['do $é日$ ; $é日$', 'select 2']],
    ['dollars in a name', 'select a$b$c from t; select d$b$e', ['select a$b$c from t', 'select d$b$e']],
    ['parameters', 'prepare p as select $1, $2; select 2', ['prepare p as select $1, $2', 'select 2']],
    ['BEGIN ATOMIC', `${ATOMIC}; select 3`, [ATOMIC, 'select 3']],
    ['transactions', 'begin; select 1; end; commit', ['begin', 'select 1', 'end', 'commit']],
    [
      'a rule with two actions',
      'create rule r as on insert to t do (delete from a; delete from b); select 2',
      ['create rule r as on insert to t do (delete from a; delete from b)', 'select 2'],
    ],
    [
      'characters of every length',
      "select 'é日😀'; select '😀' ;select 3",
      ["select 'é日😀'", "select '😀'", 'select 3'],
    ],
    ['a no-break space in a name', 'select 1 as x\u00a0; select 2', ['select 1 as x\u00a0', 'select 2']],
    ['a unicode string', "select U&'d\\0061t;a'; select 2", ["select U&'d\\0061t;a'", 'select 2']],
    ['a backslash in a comment', '-- \\d\n/* \\i x */ select 1', ['select 1']],
    ['a backslash in a body', "do $$\n\\d\n$$; select '\n\\.\n'", ['do $$\n\\d\n$$', "select '\n\\.\n'"]],
    ['COPY to a file', "copy t to '/x'", ["copy t to '/x'"]],
    [
      'a column called stdin',
      'select a from stdin; copy (select 1 from stdin) to stdout',
      ['select a from stdin', 'copy (select 1 from stdin) to stdout'],
    ],
  ])('%s', async (_, sql, expected) => {
    expect(await texts(sql)).toEqual(expected);
  });

  it.each<[string, string, Array<[number, number, number]>]>([
    [
      'one a line',
      'select 1;\nselect 2;',
      [
        [0, 1, 1],
        [10, 2, 1],
      ],
    ],
    [
      'one line',
      'select 1; select 2;',
      [
        [0, 1, 1],
        [10, 1, 11],
      ],
    ],
    [
      'CRLF',
      '-- x\r\n\r\n  select 1;\r\nselect 2',
      [
        [10, 3, 3],
        [21, 4, 1],
      ],
    ],
    [
      'a byte order mark',
      '\uFEFFselect 1; select 2',
      [
        [1, 1, 1],
        [11, 1, 11],
      ],
    ],
    [
      'wide characters',
      "select '😀é'; select 2",
      [
        [0, 1, 1],
        [14, 1, 14],
      ],
    ],
    [
      'several lines in one statement',
      'select\n1\n; /*\n*/ select 2',
      [
        [0, 1, 1],
        [17, 4, 4],
      ],
    ],
  ])('places: %s', async (_, sql, places) => {
    const statements = await splitScript(sql, 'x.sql');
    expect(statements.map(({ offset, line, column }) => [offset, line, column])).toEqual(places);
  });

  it('finds back what was joined, whatever stands between', async () => {
    const statement = fc.constantFrom(
      'select 1',
      "select 'a;''b'",
      "select E'\\';'",
      'select $x$ ; $$ $x$',
      'select "a;b" from "é;"',
      'create table "日;本" (a int /* ; */, b text)',
      'do $$ begin; end; $$',
      ATOMIC,
      'begin',
      "insert into t values ('😀;')",
      'select a$b$c -- ;\n from t',
    );
    const gap = fc.constantFrom(
      '',
      ' ',
      '\n',
      '\r\n',
      '\t',
      '-- x;\n',
      "-- it's é\r\n",
      '/* ; /* 😀 */ */',
      ';',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ statement, before: fc.array(gap), after: fc.array(gap) }), { minLength: 1 }),
        fc.boolean(),
        async (parts, mark) => {
          const script =
            (mark ? '\uFEFF' : '') +
            parts.map((part) => `${part.before.join('')}${part.statement}${part.after.join('')}\n;`).join('');
          const found = await splitScript(script, 'x.sql');
          expect(found.map((one) => one.sql)).toEqual(parts.map((part) => part.statement));
          for (const one of found) {
            expect(script.slice(one.offset, one.offset + one.sql.length)).toBe(one.sql);
            const lines = script.replace(/^\uFEFF/, '').split(/\r\n|\n/);
            const rest = [...lines[one.line - 1]!].slice(one.column - 1).join('');
            expect(one.sql.startsWith(rest.slice(0, 5)) || rest.startsWith(one.sql.slice(0, 5))).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('takes a large script', async () => {
    const line = "insert into t (a, b) values (1, 'hello, wörld');\n";
    const found = await splitScript(line.repeat(20_000), 'x.sql');
    expect(found).toHaveLength(20_000);
    expect(found.at(-1)).toMatchObject({ line: 20_000, column: 1, offset: line.length * 19_999 });
  });
});

describe('classification', () => {
  const flags = async (sql: string): Promise<string> => {
    const [one, ...more] = await splitScript(sql, 'x.sql');
    expect(more).toEqual([]);
    const { transactional, transactionControl, commitAfter, data } = one!;
    return Object.entries({ alone: !transactional, transactionControl, commitAfter, data })
      .filter(([, on]) => on)
      .map(([name]) => name)
      .join(' ');
  };

  it.each([
    'create index concurrently i on t (a)',
    'drop index concurrently i',
    'reindex index concurrently i',
    'reindex (concurrently) table t',
    'reindex (verbose, concurrently on) table t',
    'reindex schema s',
    'reindex database d',
    'vacuum',
    'vacuum (full) t',
    'create database d',
    'drop database d',
    "create tablespace s location '/x'",
    'drop tablespace s',
    "alter system set work_mem = '1MB'",
    'alter database d set tablespace s',
    "create subscription s connection '' publication p",
    'drop subscription s',
    'alter subscription s refresh publication',
    'alter subscription s set publication p',
    'alter table t detach partition p concurrently',
    'cluster',
    'discard all',
  ])('alone: %s', async (sql) => expect(await flags(sql)).toBe('alone'));

  it.each([
    'create index i on t (a)',
    'drop index i',
    'reindex table t',
    'reindex (concurrently off) table t',
    'reindex index i',
    'analyze t',
    'alter database d set work_mem = 1',
    "create subscription s connection '' publication p with (connect = false)",
    "create subscription s connection '' publication p with (create_slot = off)",
    'alter subscription s disable',
    'alter subscription s set publication p with (refresh = false)',
    'alter table t detach partition p',
    'alter table t add column a int',
    'cluster t using i',
    'discard plans',
    "alter type t rename value 'a' to 'b'",
    "create type t as enum ('a')",
    'create table t as select 1',
    'select 1 into t',
    'do $$ begin end $$',
    'set search_path = x',
    'create view v as select 1',
  ])('ordinary: %s', async (sql) => expect(await flags(sql)).toBe(''));

  it.each([
    ['begin', 'transactionControl'],
    ['start transaction isolation level serializable', 'transactionControl'],
    ['commit and chain', 'transactionControl'],
    ['rollback', 'transactionControl'],
    ['savepoint a', 'transactionControl'],
    ['release a', 'transactionControl'],
    ["commit prepared 'x'", 'alone transactionControl'],
    ["alter type t add value 'x'", 'commitAfter'],
    ["alter type t add value if not exists 'x' before 'y'", 'commitAfter'],
    ['select 1', 'data'],
    ['values (1)', 'data'],
    ['insert into t values (1)', 'data'],
    ['update t set a = 1', 'data'],
    ['delete from t', 'data'],
    ['truncate t', 'data'],
    ['with x as (delete from t returning *) select * from x', 'data'],
    ['merge into t using s on a = b when matched then delete', 'data'],
    ['call p()', 'data'],
    ["copy t from '/x'", 'data'],
    ['refresh materialized view concurrently m', 'data'],
  ])('%s: %s', async (sql, expected) => expect(await flags(sql)).toBe(expected));
});

describe('refusals', () => {
  it.each<[string, string, string, number, number]>([
    ['a misspelt word', 'select 1;\n  selct 2;', 'sql-syntax', 2, 3],
    ['after wide characters', "select '😀é' ; selct", 'sql-syntax', 1, 15],
    ['after CRLF', '-- x\r\n\r\nselct', 'sql-syntax', 3, 1],
    ['behind a byte order mark', '\uFEFFselct', 'sql-syntax', 1, 1],
    ['an open string', "select 1;\nselect 'abc", 'sql-syntax', 2, 8],
    ['an open dollar quote', 'do $$ x', 'sql-syntax', 1, 4],
    ['an open comment', 'select 1 /* x', 'sql-syntax', 1, 10],
    ['an open parenthesis', 'create table t (a int;', 'sql-syntax', 1, 22],
    ['a NUL', 'select 1;\nselect \0', 'sql-syntax', 2, 8],
    ['\\restrict', '-- dump\n\\restrict abc\nselect 1', 'psql-command', 2, 1],
    ['\\connect', 'select 1;\r\n\\connect x', 'psql-command', 2, 1],
    ['\\d', '\\d', 'psql-command', 1, 1],
    ['\\gset', 'select 1 \\gset', 'psql-command', 1, 10],
    ['\\i after a string', "select 'a\\';\n  \\i 'x.sql'", 'psql-command', 2, 3],
    ['a command before a syntax error', '\\set x 1\nselct', 'psql-command', 1, 1],
    ['COPY data', "select 1;\nCOPY t (a, b) FROM stdin;\n1\tit's\n\\.\n", 'copy-data', 2, 1],
    ['COPY with options', 'copy t from STDIN with (format csv);\n1,2', 'copy-data', 1, 1],
    ['COPY without a column list', '-- x\ncopy "a b".t from /* here */ stdin;', 'copy-data', 2, 1],
  ])('%s', async (_, sql, code, line, column) => {
    const error = await failure(sql);
    expect(error.code).toBe(code);
    expect(error.location).toEqual({ file: 'x.sql', line, column });
    expect(error.excerpt).toMatch(/\n *\| *\^$/);
    expect(error.hints.length).toBeGreaterThan(0);
  });

  it('says what to do about a dump', async () => {
    expect(await failure('\\restrict aBc\n')).toMatchObject({
      message: '\\restrict is a command of psql, not SQL',
      hints: ['Remove the line; pg_dump writes it for psql, and nothing else needs it.'],
    });
  });
});
