import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { distinctIds } from '../../src/importing/distinct-ids.js';
import { holdsChecksum } from '../../src/importing/source-file.js';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const sum = (text: string) => sha256(Buffer.from(text));

test.each([
  ['as it is', 'a\nb\n', sum('a\nb\n'), 'same'],
  ['CRLF here, LF there', 'a\r\nb\r\n', sum('a\nb\n'), 'line ends'],
  ['LF here, CRLF there', 'a\nb\n', sum('a\r\nb\r\n'), 'line ends'],
  ['another text', 'a\nb\n', sum('a\nc\n'), 'different'],
  ['a blank at the end', 'a\nb\n', sum('a\nb \n'), 'different'],
])('a checksum: %s', (_, text, expected, held) => {
  expect(holdsChecksum({ bytes: Buffer.from(text) }, expected, sha256)).toBe(held);
});

test('ids are the versions, or the whole names where numbers are the same', () => {
  const ids = (...names: string[]) =>
    distinctIds(names.map((whole) => ({ version: whole.split('_', 1)[0]!, whole })));
  expect(ids('1_a', '2_b', '010_c')).toEqual(['1', '2', '010']);
  expect(ids('1_a', '01_b-c d', '2_e')).toEqual(['1_a', '01_b_c_d', '2']);
});
