import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVersions, nextVersion, timestampVersion } from '../../src/migrations/version.js';

test.each([
  ['20250101000000', '20250101000001'],
  ['2', '10'],
  ['0002', '10'],
  ['1', '20250101000000'],
  ['9', '20250101000000'],
  ['V9', 'V10'],
  ['1.9', '1.10'],
  ['1', '1.1'],
  ['20250101000000', 'V1'],
  ['999999999999999999999', '1000000000000000000000'],
])('%s comes before %s', (a, b) => {
  expect(compareVersions(a, b)).toBeLessThan(0);
  expect(compareVersions(b, a)).toBeGreaterThan(0);
});

test('the same number written differently is the same version', () => {
  expect(compareVersions('001', '1')).toBe(0);
  expect(compareVersions('V01', 'V1')).toBe(0);
});

const version = fc.stringMatching(/^[A-Za-z0-9.]{0,6}[0-9][A-Za-z0-9.]{0,6}$/);

test('is an order', () => {
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
      const [x, y, z] = [a, b, c].sort(compareVersions) as [string, string, string];
      expect(compareVersions(x, y)).toBeLessThanOrEqual(0);
      expect(compareVersions(y, z)).toBeLessThanOrEqual(0);
      expect(compareVersions(x, z)).toBeLessThanOrEqual(0);
    }),
  );
});

test('timestamps are in UTC', () => {
  expect(timestampVersion(new Date('2025-09-15T21:59:54.999+02:00'))).toBe('20250915195954');
});

test.each([
  [undefined, '20250915195954'],
  ['20250101000000', '20250915195954'],
  ['20250915195954', '20250915195955'],
  ['20251231235959', '20260101000000'],
  ['20259999999999', '20260000000000'],
  ['0012', '20250915195954'],
  ['99999999999999', '100000000000000'],
  ['V12', 'V20250915195954'],
  ['1.2.3', '20250915195954'],
])('after %s comes %s', (newest, next) => {
  expect(nextVersion(newest, new Date('2025-09-15T19:59:54Z'))).toBe(next);
});

test('always comes after the newest', () => {
  fc.assert(
    fc.property(
      version,
      fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }),
      (newest, now) => {
        expect(compareVersions(nextVersion(newest, now), newest)).toBeGreaterThan(0);
      },
    ),
  );
});
