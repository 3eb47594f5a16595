import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DirectiveLines, directiveLines, withDirectives } from '../../src/migrations/directive-lines.js';
import { programComments, readDirectives } from '../../src/migrations/directives.js';

test('a line each, in a fixed order', () => {
  expect(
    directiveLines({
      transaction: 'none',
      branch: 'audit',
      dependsOn: ['c'],
      parents: ['a', 'b'],
      revision: 'x1',
    }),
  ).toEqual([
    '-- tidemark:revision x1',
    '-- tidemark:parent a b',
    '-- tidemark:depends-on c',
    '-- tidemark:branch audit',
    '-- tidemark:transaction none',
  ]);
  expect(directiveLines({ parents: [], transaction: 'file' }, 'program')).toEqual([
    '// tidemark:parent base',
  ]);
  expect(directiveLines({ dependsOn: [] })).toEqual([]);
});

describe('in a text', () => {
  test.each<[string, string, DirectiveLines, string]>([
    ['new', 'SELECT 1;\n', { parents: ['a'] }, '-- tidemark:parent a\nSELECT 1;\n'],
    [
      'replaced, several lines of one directive too',
      '-- hello\n-- tidemark:parent a\n--tidemark:Parent b\n\n-- tidemark:branch x\nSELECT 1;',
      { parents: ['c'] },
      '-- tidemark:parent c\n-- hello\n\n-- tidemark:branch x\nSELECT 1;',
    ],
    ['taken out', '-- tidemark:parent a\n-- b\n', { parents: undefined }, '-- b\n'],
    [
      'CRLF',
      '-- tidemark:parent a\r\nSELECT 1;\r\n',
      { parents: [] },
      '-- tidemark:parent base\r\nSELECT 1;\r\n',
    ],
    [
      'lone CR',
      '-- x\r-- tidemark:parent a\rSELECT 1;',
      { parents: ['b'] },
      '-- tidemark:parent b\r-- x\rSELECT 1;',
    ],
    [
      'beside a block comment',
      '/* a */ -- tidemark:parent a\nSELECT 1;',
      { parents: undefined },
      '/* a */ \nSELECT 1;',
    ],
    ['nothing else', '-- tidemark:parent a', { parents: ['b'] }, '-- tidemark:parent b\n'],
    [
      'what only looks like one stays',
      "/*\n-- tidemark:parent a\n*/\nSELECT '\n-- tidemark:parent b\n';",
      { parents: undefined },
      "/*\n-- tidemark:parent a\n*/\nSELECT '\n-- tidemark:parent b\n';",
    ],
  ])('%s', (_, text, lines, expected) => expect(withDirectives(text, lines)).toBe(expected));

  test('in a program', () => {
    const text = '// tidemark:parent a\r\n  // tidemark:revision x\r\n// why\r\nexport const a = 1;\r\n';
    expect(withDirectives(text, { parents: ['b'] }, 'program')).toBe(
      '// tidemark:parent b\r\n  // tidemark:revision x\r\n// why\r\nexport const a = 1;\r\n',
    );
  });

  test('what is written is read back, and everything else stays', () => {
    const id = fc.stringMatching(/^[a-z0-9_.é]{1,4}$/).map((text) => `a${text}`);
    const lines = fc.record(
      {
        revision: id,
        parents: fc.uniqueArray(id, { maxLength: 3 }),
        dependsOn: fc.uniqueArray(id, { minLength: 1, maxLength: 3 }),
        branch: id,
      },
      { requiredKeys: [] },
    );
    const body = fc.constantFrom(
      'SELECT 1;\n',
      '/* x */\n\nSELECT 1;',
      '-- y\nSELECT $$\n-- tidemark:x\n$$;',
    );
    fc.assert(
      fc.property(lines, lines, body, fc.boolean(), (first, second, sql, crlf) => {
        const text = crlf ? sql.replaceAll('\n', '\r\n') : sql;
        const once = withDirectives(text, first);
        const twice = withDirectives(once, second);
        expect(readDirectives(twice, 'f')).toMatchObject({ ...first, ...second });
        const all = { revision: undefined, parents: undefined, dependsOn: undefined, branch: undefined };
        expect(withDirectives(twice, all)).toBe(text);
        const program = withDirectives(withDirectives('f();\n', first, 'program'), second, 'program');
        expect(readDirectives(programComments(program), 'f')).toMatchObject({ ...first, ...second });
      }),
    );
  });
});
