import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excerptAt, locate, locator } from '../../src/schema/source-excerpt.js';

describe('locate', () => {
  it.each<[string, string, number, number, number]>([
    ['the start', 'abc', 0, 1, 1],
    ['the end', 'abc', 3, 1, 4],
    ['beyond the end', 'abc', 99, 1, 4],
    ['an empty text', '', 0, 1, 1],
    ['LF', 'a\nbc', 3, 2, 2],
    ['CRLF', 'a\r\nbc', 4, 2, 2],
    ['a lone CR', 'a\rbc', 3, 2, 2],
    ['the line end itself', 'ab\ncd', 2, 1, 3],
    ['just behind the line end', 'ab\n', 3, 2, 1],
    ['several empty lines', '\n\n\nx', 3, 4, 1],
    ['columns in characters', '😀é x', 4, 1, 4],
    ['a byte order mark', '\uFEFFab', 1, 1, 1],
    ['a byte order mark and a column', '\uFEFFab', 2, 1, 2],
  ])('%s', (_, text, offset, line, column) => {
    expect(locate(text, offset)).toEqual({ line, column });
  });
});

describe('excerptAt', () => {
  it.each<[string, string, string, string]>([
    ['a plain line', 'select x;\nselct 1;', 'selct', '2 | selct 1;\n  | ^'],
    ['a tab', '\tselct', 'selct', '1 |     selct\n  |     ^'],
    ['CRLF', 'a;\r\n selct\r\nb', 'selct', '2 |  selct\n  |  ^'],
    ['wide characters', "'日本' x", 'x', "1 | '日本' x\n  |        ^"],
    ['emoji', "'😀' x", 'x', "1 | '😀' x\n  |      ^"],
    ['combining marks', "'e\u0301' x", 'x', "1 | 'e\u0301' x\n  |     ^"],
    ['a two-digit line', `${'\n'.repeat(9)}ab`, 'b', '10 | ab\n   |  ^'],
  ])('%s', (_, text, at, expected) => {
    expect(excerptAt(text, text.indexOf(at))).toBe(expected);
  });

  it('cuts a long line to what is around the caret', () => {
    const text = `${'a'.repeat(300)}X${'b'.repeat(300)}`;
    const [source, caret] = excerptAt(text, 300).split('\n') as [string, string];
    expect(source.length).toBeLessThanOrEqual(104);
    expect(source).toMatch(/^1 \| …a+Xb+…$/);
    expect(source[caret.indexOf('^')]).toBe('X');
  });

  it('shows the end of the text', () => {
    expect(excerptAt('select (', 8)).toBe('1 | select (\n  |         ^');
  });
});

describe('locator', () => {
  it('says what locate says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\r\n', '\uFEFF', '日', '😀') });
    fc.assert(
      fc.property(text, fc.array(fc.nat(30)), (sql, offsets) => {
        const place = locator(sql);
        for (const offset of offsets.map((at) => Math.min(at, sql.length)).sort((a, b) => a - b)) {
          expect(place(offset)).toEqual(locate(sql, offset));
        }
      }),
    );
  });
});
