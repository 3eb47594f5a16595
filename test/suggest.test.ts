import { expect, it } from 'vitest';
import { didYouMean, nearest } from '../src/suggest.js';

it.each([
  ['shema', 'schema'],
  ['migrtaions', 'migrations'],
  ['URL', 'url'],
  ['dv', 'dev'],
  ['zebra', undefined],
  ['', undefined],
])('%s is a slip of %s', (word, expected) => {
  expect(nearest(word, ['schema', 'migrations', 'url', 'dev'])).toBe(expected);
});

it('words a guess, or none', () => {
  expect(didYouMean('--ulr', ['--url'], (name) => name)).toBe(' (did you mean --url?)');
  expect(didYouMean('x', ['abcdef'])).toBe('');
});
