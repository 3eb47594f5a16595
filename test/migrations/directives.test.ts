import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readDirectives } from '../../src/migrations/directives.js';

const NONE = {
  revision: undefined,
  parents: undefined,
  dependsOn: [],
  branch: undefined,
  transaction: 'file',
  ignore: [],
  allow: [],
  replaces: [],
};

describe('directives', () => {
  test.each<[string, string, object]>([
    ['no text', '', {}],
    ['no directive', '-- hello\nSELECT 1;', {}],
    ['one', '-- tidemark:parent 20250901120000\nSELECT 1;', { parents: ['20250901120000'] }],
    ['without a space', '--tidemark:transaction none\nSELECT 1;', { transaction: 'none' }],
    ['spaces and case', '  --  Tidemark: Transaction  NONE  \nSELECT 1;', { transaction: 'none' }],
    ['a blank line after', '-- tidemark:transaction none\n\nSELECT 1;', { transaction: 'none' }],
    [
      'blank lines before and between',
      '\n\n-- a\n\n-- tidemark:branch x\n\n-- b\nSELECT 1;',
      { branch: 'x' },
    ],
    [
      'CRLF',
      '-- tidemark:parent 1\r\n-- tidemark:transaction none\r\nSELECT 1;\r\n',
      { parents: ['1'], transaction: 'none' },
    ],
    [
      'lone CR',
      '-- tidemark:parent 1\r-- tidemark:transaction none\rSELECT 1;',
      { parents: ['1'], transaction: 'none' },
    ],
    ['a BOM', '\uFEFF-- tidemark:transaction none\nSELECT 1;', { transaction: 'none' }],
    [
      'after a block comment',
      '/* licence\n /* nested */ */\n-- tidemark:branch b\nSELECT 1;',
      { branch: 'b' },
    ],
    ['no statement at all', '-- tidemark:parent 1 2', { parents: ['1', '2'] }],
    ['several parents', '-- tidemark:parent 1, 2\n-- tidemark:parent 3', { parents: ['1', '2', '3'] }],
    ['base', '-- tidemark:parent base', { parents: [] }],
    [
      'dependencies',
      '-- tidemark:depends-on a1\n-- tidemark:depends-on b2 c3',
      { dependsOn: ['a1', 'b2', 'c3'] },
    ],
    [
      'ignored rules',
      '-- tidemark:ignore drop-column nobody reads it\n-- tidemark:ignore x y',
      {
        ignore: [
          { rule: 'drop-column', reason: 'nobody reads it' },
          { rule: 'x', reason: 'y' },
        ],
      },
    ],
    [
      'allowed losses',
      '-- tidemark:allow drop-column:users.nickname\n-- tidemark:allow drop-table',
      { allow: ['drop-column:users.nickname', 'drop-table'] },
    ],
    ['a revision', '-- tidemark:revision Größe_1.a', { revision: 'Größe_1.a' }],
    [
      'ids whatever way they were typed',
      '-- tidemark:revision e\u0301\n-- tidemark:parent o\u0308 x',
      { revision: 'é', parents: ['ö', 'x'] },
    ],
    ['in a string', "INSERT INTO t VALUES ('\n-- tidemark:nonsense\n');", {}],
    ['in an escape string', "SELECT E'it\\'s\n-- tidemark:nonsense\n';", {}],
    ['in a function body', 'CREATE FUNCTION f() AS $a$\n-- tidemark:nonsense\n$b$ $a$;', {}],
    ['in a quoted name', 'SELECT "\n-- tidemark:nonsense\n""";', {}],
    ['in a block comment', 'SELECT 1; /* \n-- tidemark:nonsense\n*/', {}],
    ['a name with dollars opens no quote', 'SELECT a$b$c FROM t; -- see tidemark: the manual', {}],
    ['prose that only mentions it', '-- made by tidemark:diff\nSELECT 1;', {}],
  ])('%s', (_, sql, expected) => {
    expect(readDirectives(sql, 'f.sql')).toEqual({ ...NONE, ...expected });
  });

  test.each<[string, string, string, number]>([
    ['-- tidemark:nonsense', 'directive-unknown', 'unknown directive "tidemark:nonsense"', 1],
    ['-- a\n\n-- tidemark: generated file', 'directive-unknown', '"tidemark:generated"', 3],
    ['SELECT 1;\n-- tidemark:transaction none', 'directive-misplaced', 'after the first statement', 2],
    ['SELECT 1;\r\n\r\n  -- tidemark:parent 1', 'directive-misplaced', 'after the first statement', 3],
    ['SELECT 1; -- tidemark:parent 1', 'directive-misplaced', 'after the first statement', 1],
    ['-- tidemark:parent', 'directive-invalid', 'needs the ids', 1],
    ['-- tidemark:parent base 1', 'directive-invalid', 'needs the ids', 1],
    ['-- tidemark:parent base\n-- tidemark:parent 1', 'directive-invalid', 'needs the ids', 2],
    ['-- tidemark:parent a@b', 'directive-invalid', '"a@b" cannot be .*: it holds "@"', 1],
    ['-- tidemark:depends-on a-b', 'directive-invalid', 'it holds "-"', 1],
    ['-- tidemark:revision', 'directive-invalid', 'it is empty', 1],
    ['-- tidemark:revision a b', 'directive-invalid', 'it holds a blank', 1],
    ['-- tidemark:revision a+1', 'directive-invalid', 'it holds "\\+"', 1],
    ['-- tidemark:revision a:b', 'directive-invalid', 'it holds ":"', 1],
    ['-- tidemark:revision "a"', 'directive-invalid', `it holds '"'`, 1],
    ['-- tidemark:revision a\u200bb', 'directive-invalid', 'it holds the character U\\+200B', 1],
    ['-- tidemark:revision .a', 'directive-invalid', 'it does not begin with', 1],
    ['-- tidemark:revision HEAD', 'directive-invalid', 'it is a word that targets use', 1],
    ['-- tidemark:revision a\n-- tidemark:revision a', 'directive-invalid', 'twice', 2],
    ['-- tidemark:branch x@y', 'directive-invalid', 'name of a branch', 1],
    ['-- tidemark:branch 1x', 'directive-invalid', 'name of a branch', 1],
    ['-- tidemark:depends-on ,', 'directive-invalid', 'needs the id', 1],
    ['-- tidemark:branch', 'directive-invalid', 'name of a branch', 1],
    ['-- tidemark:branch head', 'directive-invalid', 'name of a branch', 1],
    ['-- tidemark:branch a b', 'directive-invalid', 'name of a branch', 1],
    ['-- tidemark:branch a\n-- tidemark:branch b', 'directive-invalid', 'twice', 2],
    ['-- tidemark:transaction file', 'directive-invalid', 'not known', 1],
    ['-- tidemark:ignore rule', 'directive-invalid', 'the reason', 1],
    ['-- tidemark:allow', 'directive-invalid', 'names no loss', 1],
    ['-- tidemark:allow all', 'directive-invalid', 'names no loss', 1],
    ['-- tidemark:allow Drop Table', 'directive-invalid', 'names no loss', 1],
    ['-- tidemark:allow drop-column:a\\u{110000}', 'directive-invalid', 'names no loss', 1],
  ])('%j is an error with its place', (sql, code, message, line) => {
    expect(() => readDirectives(sql, 'dir/f.sql')).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringMatching(new RegExp(`^dir/f.sql:${line}: .*${message}`)),
        location: expect.objectContaining({ file: 'dir/f.sql', line }),
      }),
    );
  });

  test('a down file has no parents of its own', () => {
    expect(() => readDirectives('-- tidemark:parent 1', 'f.down.sql', 'down')).toThrow(/forward file/);
    expect(() => readDirectives('-- tidemark:revision 1', 'f.down.sql', 'down')).toThrow(/forward file/);
    expect(() => readDirectives('-- tidemark:allow drop-table', 'f.down.sql', 'down')).toThrow(
      /forward file/,
    );
    expect(readDirectives('-- tidemark:transaction none', 'f.down.sql', 'down').transaction).toBe('none');
  });

  test('line ends and a BOM never change what is read', () => {
    const line = fc.constantFrom(
      '',
      '-- x',
      "-- it's",
      '-- tidemark:transaction none',
      '-- tidemark:parent 1',
      '/* a\n*/',
      'SELECT 1;',
      '$$ -- tidemark:branch x',
      "'",
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const read = (text: string): unknown => {
          try {
            return readDirectives(text, 'f');
          } catch (error) {
            return (error as Error).message;
          }
        };
        const expected = read(lines.join('\n'));
        expect(read(lines.join('\n').replaceAll('\n', '\r\n'))).toEqual(expected);
        expect(read(`\uFEFF${lines.join('\n')}`)).toEqual(expected);
      }),
    );
  });
});
