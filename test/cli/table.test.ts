import { describe, expect, it } from 'vitest';
import { renderTable, showValue } from '../../src/cli/render/table.js';

describe('renderTable', () => {
  it('aligns as psql does', () => {
    expect(
      renderTable([
        { id: 1, name: 'Ada' },
        { id: 20, name: null },
      ]),
    ).toBe([' id | name', '----+------', '  1 | Ada', ' 20 |', '(2 rows)'].join('\n'));
  });

  it('counts wide and combining characters as a terminal does', () => {
    const lines = renderTable([
      { t: '日本', n: 'x' },
      { t: 'e\u0301', n: 'y' },
      { t: '🎉', n: 'z' },
    ]).split('\n');
    expect(lines.slice(2, 5)).toEqual([' 日本 | x', ' e\u0301    | y', ' 🎉   | z']);
  });

  it('spreads values of several lines over several rows', () => {
    expect(renderTable([{ a: 'x\ny', b: 'z' }])).toBe(
      [' a | b', '---+---', ' x | z', ' y |', '(1 row)'].join('\n'),
    );
  });

  it('has nothing but a count without rows or columns', () => {
    expect([renderTable([]), renderTable([{}])]).toEqual(['(0 rows)', '(1 row)']);
  });

  it.each<[unknown, string]>([
    [null, ''],
    [true, 't'],
    [false, 'f'],
    [12n, '12'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [Buffer.from([0, 255]), '\\x00ff'],
    [{ a: [1] }, '{"a":[1]}'],
    ['\u001b[2J\t\r', '\\u001b[2J\\t\\r'],
  ])('shows %s', (value, text) => {
    expect(showValue(value)).toBe(text);
  });
});
