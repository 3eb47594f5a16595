import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAllowedLoss, writeAllowedLoss } from '../../src/migrations/allowed-loss.js';
import { directiveLines } from '../../src/migrations/directive-lines.js';
import { readDirectives } from '../../src/migrations/directives.js';

test('plain names stay readable', () => {
  expect(writeAllowedLoss('drop-column:users.nickname')).toBe('drop-column:users.nickname');
  expect(writeAllowedLoss('drop-table:größe "x".\\y ')).toBe('drop-table:größe "x".\\\\y\\u{20}');
});

test('whatever a name holds comes back', () => {
  const name = fc.string({ minLength: 1, maxLength: 63, unit: 'binary' });
  const blank = fc.constantFrom(
    'a\nb',
    ' a',
    'a ',
    'e\u0301',
    '\u00a0x',
    '-- x',
    'a\\u{20}',
    '\u2028',
    'x\uFEFF',
  );
  fc.assert(
    fc.property(fc.oneof(name, blank), (subject) => {
      const entry = `drop-table:${subject}`;
      expect(readAllowedLoss(writeAllowedLoss(entry))).toBe(entry);
      const [line] = directiveLines({ allow: [entry] });
      expect(readDirectives(`${line}\nSELECT 1;`, 'f.sql').allow).toEqual([entry]);
    }),
  );
});
