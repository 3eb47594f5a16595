import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checksumOf,
  compareSums,
  formatSum,
  parseSum,
  sortSums,
  statementHash,
  sumsAgree,
} from '../../src/migrations/checksum.js';

test('is SHA-256 of the text with line ends normalised', () => {
  // printf 'SELECT 1;\n' | sha256sum
  expect(checksumOf('SELECT 1;\n')).toBe(
    'sha256:b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd',
  );
  expect(checksumOf('SELECT 1;\r\n')).toBe(checksumOf('SELECT 1;\n'));
  expect(checksumOf('\uFEFFSELECT 1;\r')).toBe(checksumOf('SELECT 1;\n'));
  expect(checksumOf('SELECT 2;\n')).not.toBe(checksumOf('SELECT 1;\n'));
  expect(statementHash(' a\r\nb ')).toBe(statementHash('a\nb'));
});

const names = fc
  .string({ unit: fc.constantFrom('a', 'B', '1', '_', '.', 'é', ' ') })
  .map((s) => `1_x${s}y.sql`);
const sums = fc
  .dictionary(names, fc.string().map(checksumOf))
  .map((entries) => sortSums(Object.entries(entries)));

test('what is written is read back, in any order and with any line ends', () => {
  fc.assert(
    fc.property(sums, (value) => {
      const text = formatSum(value);
      expect([...parseSum(text, 'f')]).toEqual([...value]);
      expect([...parseSum(text.replaceAll('\n', '\r\n'), 'f')]).toEqual([...value]);
      expect([...parseSum(text.split('\n').reverse().join('\n'), 'f')]).toEqual([...value]);
    }),
  );
});

test('an added file changes one line, so that two branches merge', () => {
  const base = [['1_a.sql', checksumOf('a')]] as const;
  const one = formatSum(sortSums([...base, ['2_b.sql', checksumOf('b')]])).split('\n');
  const two = formatSum(sortSums([...base, ['3_c.sql', checksumOf('c')]])).split('\n');
  const both = formatSum(
    sortSums([...base, ['2_b.sql', checksumOf('b')], ['3_c.sql', checksumOf('c')]]),
  ).split('\n');
  expect(both).toEqual([...new Set([...one, ...two].filter((line) => line !== ''))].concat(''));
});

test('differences are listed by kind', () => {
  const sum = (text: string): string => checksumOf(text);
  const found = sortSums([
    ['a', sum('1')],
    ['b', sum('2')],
    ['c', sum('3')],
  ]);
  const listed = sortSums([
    ['a', sum('1')],
    ['b', sum('x')],
    ['d', sum('4')],
  ]);
  expect(compareSums(found, listed)).toEqual({ added: ['c'], edited: ['b'], removed: ['d'] });
  expect(sumsAgree(compareSums(found, found))).toBe(true);
});

test.each([
  ['1_a.sql sha256:12\n', 1, '64 hexadecimal'],
  [`1_a.sql ${checksumOf('')}\n\nnonsense`, 3, '64 hexadecimal'],
  ['<<<<<<< HEAD\n', 1, 'merge conflict'],
  [`1_a.sql ${checksumOf('')}\n1_a.sql ${checksumOf('b')}`, 2, 'twice'],
])('%j is refused with the line', (text, line, message) => {
  expect(() => parseSum(text, 'm/tidemark.sum')).toThrow(
    expect.objectContaining({
      code: 'sum-invalid',
      message: expect.stringContaining(message),
      location: { file: 'm/tidemark.sum', line },
    }),
  );
});
