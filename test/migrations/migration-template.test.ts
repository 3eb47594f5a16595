import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fillTemplate, readTemplate } from '../../src/migrations/migration-template.js';
import { type TestFolder, testFolder } from './support/folder.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

const put = (name: string, text: string | Uint8Array): Promise<void> =>
  writeFile(join(folder.path, name), text);

test('a script with and without its reverse, a program', async () => {
  await put('t.sql', '-- {name}\n');
  expect(readTemplate(join(folder.path, 't.sql'))).toEqual({
    up: '-- {name}\n',
    down: undefined,
    language: 'sql',
  });
  await put('t.down.sql', '-- back: {name}\n');
  expect(readTemplate(join(folder.path, 't.sql')).down).toBe('-- back: {name}\n');
  await put('t.ts', '// {name}\n');
  expect(readTemplate(join(folder.path, 't.ts'))).toMatchObject({ down: undefined, language: 'program' });
});

test('one that is not there, or no text, is named', async () => {
  expect(() => readTemplate(join(folder.path, 't.sql'))).toThrow(
    expect.objectContaining({
      code: 'template-unreadable',
      exitCode: 2,
      message: expect.stringMatching(/t\.sql \(ENOENT\)/),
    }),
  );
  await put('t.sql', Uint8Array.of(0xff));
  expect(() => readTemplate(join(folder.path, 't.sql'))).toThrow(
    expect.objectContaining({ code: 'migration-encoding' }),
  );
});

test('placeholders are filled in once, other braces stay', () => {
  const facts = { name: 'add {date}\n$& x', revision: '7', date: new Date('2025-09-15T19:59:54.123Z') };
  expect(fillTemplate(`-- {name} {revision} {date} {slug} {}\nSELECT '{"a": 1}';`, facts)).toBe(
    `-- add {date} $& x 7 2025-09-15T19:59:54Z {slug} {}\nSELECT '{"a": 1}';`,
  );
});
