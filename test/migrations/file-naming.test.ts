import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileStem, slugOf } from '../../src/migrations/file-naming.js';
import { FILE_NAME_PLACEHOLDERS, fileNameFault } from '../../src/project/file-name-template.js';

const at = new Date('2025-03-09T01:02:03.999Z');

describe('the stem', () => {
  test.each<[string, string | undefined, string]>([
    ['the default', undefined, '7_add_users'],
    ['a date', '{year}_{month}_{day}_{revision}_{slug}', '2025_03_09_7_add_users'],
    ['a time', '{year}-{month}-{day}T{hour}{minute}{second}_{slug}', '2025-03-09T010203_add_users'],
    ['seconds', '{epoch}_{slug}', '1741482123_add_users'],
    ['no slug', 'm{revision}', 'm7'],
    ['one placeholder twice', '{slug}.{slug}', 'add_users.add_users'],
  ])('%s', (_, fileName, stem) => expect(fileStem('7', 'Add users!', at, { fileName })).toBe(stem));

  test('the time zone counts', () => {
    const naming = { fileName: '{year}{month}{day}{hour}_{slug}', timeZone: 'America/Los_Angeles' };
    expect(fileStem('7', 'x', at, naming)).toBe('2025030817_x');
    // The night in which Berlin has the hour from 02:00 twice: first in summer time, then in winter time.
    const berlin = { fileName: '{hour}{minute}_{slug}', timeZone: 'Europe/Berlin' };
    expect(fileStem('7', 'x', new Date('2025-10-26T00:30:00Z'), berlin)).toBe('0230_x');
    expect(fileStem('7', 'x', new Date('2025-10-26T01:30:00Z'), berlin)).toBe('0230_x');
    expect(fileStem('7', 'x', new Date('2025-10-25T22:00:00Z'), berlin)).toBe('0000_x');
  });

  test('every placeholder that the configuration allows is known', () => {
    for (const name of FILE_NAME_PLACEHOLDERS) {
      const fileName = `{${name}}_{slug}`;
      expect(fileNameFault(fileName)).toBeUndefined();
      expect(fileStem('7', 'x', at, { fileName })).toMatch(/^\d+_x$|^x_x$/);
    }
  });

  test('never longer than file systems allow, whatever the script', () => {
    const title = fc.string({
      unit: fc.constantFrom('a', 'é', 'ह', 'ि', '漢', '𠮷', ' '),
      minLength: 50,
      maxLength: 400,
    });
    fc.assert(
      fc.property(title, fc.constantFrom(undefined, '{slug}', '{slug}_{year}_{slug}'), (name, fileName) => {
        const stem = fileStem('20250309010203', name, at, { fileName, slugLength: 200 });
        expect(Buffer.byteLength(`${stem}.down.sql`)).toBeLessThanOrEqual(255);
        expect(stem.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('the slug', () => {
  test.each([
    ['Add "Users"!', 'add_users'],
    ['we;ird', 'we_ird'],
    ['../../etc/passwd', 'etc_passwd'],
    ['Größe ändern', 'größe_ändern'],
    ['gro\u0308ße', 'größe'],
    ['हिन्दी में', 'हिन्दी_में'],
    ['', 'migration'],
    ['---', 'migration'],
    ['a'.repeat(300), 'a'.repeat(60)],
    [`${'word '.repeat(11)}longer word`, 'word_word_word_word_word_word_word_word_word_word_word'],
    [`${'a'.repeat(60)} b`, 'a'.repeat(60)],
    [`${'a'.repeat(59)} b`, 'a'.repeat(59)],
  ])('of %j is %j', (title, slug) => expect(slugOf(title)).toBe(slug));

  test.each([
    ['add users table', 9, 'add_users'],
    ['add users table', 10, 'add_users'],
    ['add users table', 8, 'add'],
    ['add users table', 2, 'ad'],
    ['𠮷𠮷𠮷', 2, '𠮷𠮷'],
  ])('%j in %i characters is %j', (title, length, slug) => expect(slugOf(title, length)).toBe(slug));
});
