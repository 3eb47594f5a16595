import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openProject } from '../../src/index.js';
import { checksumOf, formatSum, sortSums } from '../../src/migrations/checksum.js';
import { folderOfTexts, readMigrationFolder } from '../../src/migrations/folder.js';
import { requireListed } from '../../src/migrations/require-listed.js';
import { inProcess } from '../support/cli-in-process.js';
import { type TestFolder, testFolder } from './support/folder.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

const refused = (code: string, message: string | RegExp) =>
  expect(readMigrationFolder(folder.path)).rejects.toMatchObject({
    code,
    message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
  });
const at = (name: string): string => join(folder.path, name);

describe('what is no file', () => {
  test('a folder named like a migration; other folders are left alone', async () => {
    await mkdir(at('old'));
    await mkdir(at('20250101_archive'));
    await mkdir(at('helpers.ts'));
    expect((await readMigrationFolder(folder.path)).migrations).toEqual([]);
    await mkdir(at('20250101000000_x.sql'));
    await refused('migration-unreadable', '20250101000000_x.sql is named like a migration but is not a file');
  });

  test('a folder named like the sum', async () => {
    await mkdir(at('tidemark.sum'));
    await refused('migration-unreadable', 'tidemark.sum');
  });

  test('a pipe, which would be waited for without end', async () => {
    execFileSync('mkfifo', [at('1_a.sql')]);
    await refused('migration-unreadable', '1_a.sql is named like a migration but is not a file');
  });
});

describe('links', () => {
  test('to a file they are that file', async () => {
    await mkdir(at('elsewhere'));
    await writeFile(at('elsewhere/a.sql'), 'SELECT 1;');
    await symlink(at('elsewhere/a.sql'), at('1_a.sql'));
    const read = await folder.put({});
    expect(read.migrations).toMatchObject([{ version: '1', up: 'SELECT 1;' }]);
    requireListed(read);
  });

  test.each([
    ['nowhere', 'nowhere', '1_a.sql (ENOENT)'],
    ['to themselves', '1_a.sql', '1_a.sql (ELOOP)'],
    ['to a folder', '.', '1_a.sql is named like a migration but is not a file'],
    ['to a device without end', '/dev/zero', '1_a.sql is named like a migration but is not a file'],
  ])('%s are an error', async (_, target, message) => {
    await symlink(target, at('1_a.sql'));
    await refused('migration-unreadable', message);
  });

  test('in a circle of two', async () => {
    await symlink('2_b.sql', at('1_a.sql'));
    await symlink('1_a.sql', at('2_b.sql'));
    await refused('migration-unreadable', '1_a.sql (ELOOP)');
  });

  test('of other names are nobody’s business', async () => {
    await symlink('nowhere', at('README.md'));
    expect((await readMigrationFolder(folder.path)).migrations).toEqual([]);
  });
});

describe('names', () => {
  const read = (...names: string[]) =>
    folderOfTexts('m', new Map(names.map((name) => [name, `-- ${name.length}`])));

  test.each([
    ['case alone', ['1_a.sql', '2_Ab.sql', '2_aB.sql'], '2_Ab.sql and 2_aB.sql differ only in case'],
    ['case, in any script', ['1_ÄÖ.sql', '1_äö.sql'], 'differ only in case'],
    ['how an accent is encoded', ['1_\u00e9.sql', '1_e\u0301.sql'], 'how a letter is encoded'],
  ])('that differ in %s are refused', (_, names, message) => {
    expect(() => read(...names)).toThrow(
      expect.objectContaining({ code: 'migration-names-alike', message: expect.stringContaining(message) }),
    );
  });

  test('a reverse belongs to its migration however its name was typed', () => {
    const { migrations } = read('1_\u00e9.sql', '1_e\u0301.down.sql');
    expect(migrations).toMatchObject([{ name: 'é', down: { file: '1_e\u0301.down.sql' } }]);
  });

  test.each([
    ['1_a\nb.sql', 'U+000A'],
    ['1_a\u001b[31m.sql', 'U+001B'],
    ['1_a\u0085b.sql', 'U+0085'],
    ['1_a\u2028b.sql', 'U+2028'],
    [' 1_a.sql', 'a blank'],
    ['1_a\ufffd.sql', 'is not UTF-8'],
  ])('%j cannot stand in a line of the sum', (name, message) => {
    expect(() => read(name)).toThrow(
      expect.objectContaining({
        code: 'migration-name-invalid',
        message: expect.stringContaining(message),
      }),
    );
    // What no terminal should be sent is written as JSON writes it.
    expect(() => read(name)).toThrow(
      expect.not.objectContaining({ message: expect.stringMatching(/\p{Cc}/u) }),
    );
  });

  test('quotes, blanks, semicolons and any script are fine, and survive the sum', async () => {
    const names = [`1_it's.sql`, '2_a "b" c.sql', '3_a; rm -rf $x.sql', '4_漢字 עברית.sql', '5_😀.sql'];
    const found = await folder.put(Object.fromEntries(names.map((name) => [name, `-- ${name}`])));
    expect(found.migrations.map(({ file }) => file)).toEqual(names);
    requireListed(found);
  });

  test.each([
    ['2025@1_a.sql', '"2025@1" holds "@"'],
    ['2025+1_a.sql', '"2025+1" holds "+"'],
    ['2025:1_a.sql', '"2025:1" holds ":"'],
    ['2025-01-01_a.sql', '"2025-01-01" holds "-"'],
    ['2025 1_a.sql', '"2025 1" holds a blank'],
    [`2025'1_a.sql`, `"2025'1" holds "'"`],
  ])('%s is no revision until a directive says one', (name, message) => {
    expect(() => read(name)).toThrow(
      expect.objectContaining({ code: 'migration-name-invalid', message: expect.stringContaining(message) }),
    );
    const { migrations } = folderOfTexts('m', new Map([[name, '-- tidemark:revision r1\n']]));
    expect(migrations).toMatchObject([{ version: 'r1', name: name.slice(0, -4) }]);
  });
});

describe('texts', () => {
  test.each([
    ['nothing', ''],
    ['blanks', ' \n\t\r\n'],
    ['a byte order mark', '\uFEFF'],
  ])('%s is an empty file, listed or not', async (_, text) => {
    await writeFile(at('1_a.sql'), text);
    await refused('migration-empty', '1_a.sql is empty');
    await writeFile(at('tidemark.sum'), formatSum(sortSums([['1_a.sql', checksumOf(text)]])));
    await refused('migration-empty', '1_a.sql is empty');
  });

  test('a file that was cut off is told from one that is edited', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;\nSELECT 2;' });
    await truncate(at('1_a.sql'), 9);
    const cut = await readMigrationFolder(folder.path);
    expect(() => requireListed(cut)).toThrow(expect.objectContaining({ code: 'sum-mismatch' }));
    await truncate(at('1_a.sql'), 0);
    await refused('migration-empty', '1_a.sql is empty');
  });

  test('comments alone are a migration that does nothing', async () => {
    const read = await folder.put({ '1_a.sql': '-- nothing to do\n', '1_a.down.sql': '' });
    expect(read.migrations).toMatchObject([{ version: '1', down: { sql: '' } }]);
    const cwd = folder.path;
    const up = await inProcess(['migrate', 'up', '--migrations', '.', '--url', 'sqlite:.app.db'], { cwd });
    expect(up).toMatchObject({ code: 0, stdout: expect.stringContaining('applied 1 migration') });
  });

  test('50 MB are read', async () => {
    const line = `INSERT INTO t VALUES (1, 'padding');\n`;
    const text = line.repeat(Math.ceil(50_000_000 / line.length));
    const read = await folder.put({ '1_a.sql': text });
    expect(read.migrations[0]?.up.length).toBe(text.length);
    requireListed(read);
  });
});

describe('the sum', () => {
  const cwd = () => ({ cwd: folder.path });
  const hash = () => inProcess(['migrate', 'hash', '--migrations', '.'], cwd());
  const up = () => inProcess(['migrate', 'up', '--migrations', '.', '--url', 'sqlite:.app.db'], cwd());

  test('with a merge conflict says so, and is cured by hashing', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;' });
    const sum = await readFile(at('tidemark.sum'), 'utf8');
    await folder.put({ '2_b.sql': 'SELECT 2;', '3_c.sql': 'SELECT 3;' });
    const conflict = `${sum}<<<<<<< HEAD\n2_b.sql ${checksumOf('SELECT 2;')}\n=======\n3_c.sql ${checksumOf('x')}\n>>>>>>> x\n`;
    await writeFile(at('tidemark.sum'), conflict);
    const refusal = await up();
    expect(refusal).toMatchObject({ code: 1, stdout: '' });
    expect(refusal.stderr).toMatch(
      /tidemark\.sum:2: this line holds a merge conflict.*tidemark migrate hash/s,
    );
    expect((await readdir(folder.path)).sort()).toEqual(['1_a.sql', '2_b.sql', '3_c.sql', 'tidemark.sum']);
    const cured = await hash();
    expect(cured).toMatchObject({ code: 0, stdout: expect.stringContaining('lists 3 files') });
    expect(cured.stderr).toContain('merge conflict');
    expect(await up()).toMatchObject({ code: 0 });
  });

  test.each<[string, (sum: Buffer) => string | Uint8Array, string]>([
    ['NUL', (sum) => Buffer.concat([sum, Buffer.of(0)]), 'holds a NUL character'],
    ['UTF-16', (sum) => Buffer.from(`\uFEFF${sum}`, 'utf16le'), 'UTF-16'],
    ['half a line', (sum) => sum.subarray(0, -10), '64 hexadecimal'],
    ['Latin-1', () => Uint8Array.of(0xe9), 'not UTF-8'],
  ])('%s is refused, and cured by hashing', async (_, damage, message) => {
    await folder.put({ '1_a.sql': 'SELECT 1;' });
    const sum = await readFile(at('tidemark.sum'));
    await writeFile(at('tidemark.sum'), damage(sum));
    const refusal = await up();
    expect(refusal).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(await hash()).toMatchObject({ code: 0 });
    expect(await readFile(at('tidemark.sum'))).toEqual(sum);
  });

  test('with CRLF and a byte order mark is the same sum', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;' });
    const sum = await readFile(at('tidemark.sum'), 'utf8');
    await writeFile(at('tidemark.sum'), `\uFEFF${sum.replaceAll('\n', '\r\n')}`);
    requireListed(await readMigrationFolder(folder.path));
    expect((await hash()).stdout).toContain('nothing changed');
  });

  test('hashing names what changed; it makes no folder', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;', '2_b.sql': 'SELECT 2;' });
    await rename(at('1_a.sql'), at('3_c.sql'));
    await writeFile(at('2_b.sql'), 'SELECT 0;');
    expect((await hash()).stdout).toMatch(
      /lists 2 files:\n\s+added\s+3_c\.sql\n\s+edited\s+2_b\.sql\n\s+removed\s+1_a\.sql/,
    );
    const missing = await inProcess(['migrate', 'hash', '--migrations', 'nowhere'], cwd());
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('no migrations folder') });
    expect(await readdir(folder.path)).not.toContain('nowhere');
  });

  test('hashing does not cover up a folder that is wrong', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;' });
    const sum = await readFile(at('tidemark.sum'), 'utf8');
    await writeFile(at('1_b.sql'), 'SELECT 2;');
    expect(await hash()).toMatchObject({ code: 1, stderr: expect.stringContaining('same revision') });
    expect(await readFile(at('tidemark.sum'), 'utf8')).toBe(sum);
  });
});

describe('nothing is run or written before the whole folder is right', () => {
  const GOOD = { '1_a.sql': 'CREATE TABLE a (id integer);' };
  test.each<[string, Record<string, string>, RegExp]>([
    [
      'two files with one revision',
      { '2_b.sql': '-- b', '2_c.sql': '-- c' },
      /2_b\.sql and 2_c\.sql have the same/,
    ],
    ['an empty file', { '2_b.sql': '' }, /2_b\.sql is empty/],
    ['a missing parent', { '2_b.sql': '-- tidemark:parent 9' }, /2_b\.sql.* 9/],
    [
      'a circle',
      { '2_b.sql': '-- tidemark:parent 3', '3_c.sql': '-- tidemark:parent 2' },
      /circle: .*2.*3|circle: .*3.*2/,
    ],
    [
      'a label used twice',
      { '2_b.sql': '-- tidemark:branch x', '3_c.sql': '-- tidemark:branch x' },
      /takes the branch label "x"/,
    ],
    ['a label that is a revision', { 'v2_b.sql': '-- tidemark:branch v2' }, /takes the branch label "v2"/],
    ['a bad name', { 'schema.sql': 'SELECT 1;' }, /schema\.sql" is not the name of a migration/],
    ['a bad directive', { '2_b.sql': '-- tidemark:parents 1' }, /unknown directive/],
  ])('%s', async (_, files, message) => {
    await folder.put(GOOD);
    // Listed, as a merge of two branches leaves them: only reading all of it finds what is wrong.
    await folder.putUnhashed(files).catch(() => undefined);
    const listed = Object.entries({ ...GOOD, ...files }).map(
      ([name, text]) => [name, checksumOf(text)] as const,
    );
    const sum = formatSum(sortSums(listed));
    await writeFile(at('tidemark.sum'), sum);
    await writeFile(at('tidemark.config.json'), JSON.stringify({ migrations: '.' }));
    const names = (await readdir(folder.path)).sort();
    for (const line of [
      'migrate up --url sqlite:.app.db',
      'migrate status --url sqlite:.app.db',
      'migrate validate',
      'migrate new x',
    ]) {
      const { code, stderr } = await inProcess([...line.split(' '), '--migrations', '.'], {
        cwd: folder.path,
      });
      expect(code, line).toBe(1);
      expect(stderr, line).toMatch(message);
    }
    const project = await openProject({ folder: folder.path, url: 'sqlite:.app.db' });
    await expect(project.migrate.up()).rejects.toThrow(message);
    await project.close();
    expect((await readdir(folder.path)).sort()).toEqual(names);
    expect(await readFile(at('tidemark.sum'), 'utf8')).toBe(sum);
  });
});
