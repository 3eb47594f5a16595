import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { requireListed } from '../../src/migrations/require-listed.js';
import { writeMigration } from '../../src/migrations/write-migration.js';
import { type TestFolder, testFolder } from './support/folder.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

describe('reading', () => {
  test('a folder that is not there is an empty one', async () => {
    const read = await readMigrationFolder(join(folder.path, 'nowhere'));
    expect(read).toMatchObject({ migrations: [], listed: undefined });
    requireListed(read);
  });

  test('files of other tools, in order, with what belongs to none left alone', async () => {
    await mkdir(join(folder.path, '9_sub'));
    const read = await folder.put({
      '10_ten.sql': 'SELECT 10;',
      '2_two.sql': '\uFEFFSELECT 2;\r\n',
      '2_two.down.sql': '-- tidemark:transaction none\nSELECT -2;',
      '001.sql': 'SELECT 1;',
      'V3__flyway.sql': 'SELECT 3;',
      '4_golang.up.sql': 'SELECT 4;',
      '4_golang.down.sql': 'SELECT -4;',
      'ae1027a6acf_alembic.sql': 'SELECT 5;',
      '5_été "it\'s" ; $x.sql': 'SELECT 6;',
      'README.md': '#',
      '.20_hidden.sql.swp': 'x',
      'notes.ts': 'x',
    });
    expect(read.migrations.map((m) => [m.version, m.name, m.down?.file])).toEqual([
      ['001', '', undefined],
      ['2', 'two', '2_two.down.sql'],
      ['4', 'golang', '4_golang.down.sql'],
      ['5', 'été "it\'s" ; $x', undefined],
      ['10', 'ten', undefined],
      ['V3', 'flyway', undefined],
      ['ae1027a6acf', 'alembic', undefined],
    ]);
    expect(read.migrations[1]).toMatchObject({ up: 'SELECT 2;\r\n', down: { transaction: 'none' } });
    expect(read.difference).toEqual({ added: [], edited: [], removed: [] });
  });

  test.each([
    ['20250101_x', 'abc', 'abc', '20250101_x'],
    ['20250101_x', '20250101', '20250101', 'x'],
    ['2025_09_15_ab12_add_users', 'ab12', 'ab12', 'add_users'],
    ['2025-09-15-ab12-add-users', 'ab12', 'ab12', 'add-users'],
    ['2025_09_15_add_users_ab12', 'ab12', 'ab12', '2025_09_15_add_users'],
    ['xab12y', 'ab12', 'ab12', 'xab12y'],
    ['add users', 'größe_1.a', 'größe_1.a', 'add users'],
    ['a', 'gro\u0308ße', 'größe', 'a'],
  ])('the file %s.sql with the revision %s', async (stem, given, version, name) => {
    const read = await folder.put({ [`${stem}.sql`]: `-- tidemark:revision ${given}\nSELECT 1;` });
    expect(read.migrations).toMatchObject([{ version, name, directives: { revision: version } }]);
  });

  test('a program under any name, by its directive; the helpers beside it are none', async () => {
    const read = await folder.put({
      'backfill.ts': '// tidemark:revision b1\nexport async function upgrade() {}',
      'helpers.ts': '// see tidemark:revision b1\nexport const x = 1;',
    });
    expect(read.migrations).toMatchObject([{ version: 'b1', name: 'backfill', language: 'program' }]);
    expect([...read.sums.keys()]).toEqual(['backfill.ts']);
  });

  test('the order is that of the names: what stands before the first _, then all of it', async () => {
    const one = (id: string): string => `-- tidemark:revision ${id}\nSELECT 1;`;
    const read = await folder.put({
      '2025_10_1_a.sql': one('c'),
      '2025_9_15_b.sql': one('b'),
      '2025_9_15_a.sql': one('d'),
      '2025_9_2_z.sql': one('a'),
      '2024_12_31_z.sql': one('z'),
      'add_users.sql': one('y'),
      '3_x.sql': 'SELECT 3;',
    });
    expect(read.migrations.map(({ version }) => version)).toEqual(['3', 'z', 'a', 'd', 'b', 'c', 'y']);
  });

  test.each<[string, Record<string, string | Uint8Array>, string, string]>([
    ['no version', { 'schema.sql': '' }, 'migration-name-invalid', 'schema.sql'],
    ['no digit', { 'seed_data.sql': '' }, 'migration-name-invalid', 'seed_data.sql'],
    [
      'characters of the target grammar',
      { '2025-01-01_x.sql': '' },
      'migration-name-invalid',
      '2025-01-01_x.sql',
    ],
    [
      'a down file of a program',
      { '20250101000000_x.ts': 'export async function upgrade() {}', '20250101000000_x.down.sql': '' },
      'migration-orphan-down',
      '20250101000000_x.down.sql',
    ],
    ['an orphan', { '1_a.down.sql': '' }, 'migration-orphan-down', '1_a.down.sql'],
    [
      'an orphan by name',
      { '1_a.sql': 'SELECT 1', '1_b.down.sql': '' },
      'migration-orphan-down',
      '1_b.down.sql',
    ],
    [
      'two of one version',
      { '1_a.sql': 'SELECT 1', '1_b.sql': 'SELECT 1' },
      'migration-duplicate',
      '1_a.sql and 1_b.sql',
    ],
    [
      'one number twice',
      { '1_a.sql': 'SELECT 1', '01_b.sql': 'SELECT 1' },
      'migration-duplicate',
      'revision',
    ],
    [
      'one id by directive and by name',
      { '1_a.sql': 'SELECT 1', 'b.sql': '-- tidemark:revision 1\nSELECT 1' },
      'migration-duplicate',
      '1_a.sql and b.sql have the same revision 1',
    ],
    [
      'one id by two directives',
      { 'a.sql': '-- tidemark:revision x\n', 'b.sql': '-- tidemark:revision x\n' },
      'migration-duplicate',
      'a.sql and b.sql have the same revision x',
    ],
    [
      'a program and a script of one revision',
      { '1_a.ts': 'export async function upgrade() {}', '1_a.sql': 'SELECT 1' },
      'migration-duplicate',
      '1_a.sql and 1_a.ts',
    ],
    [
      'both up forms',
      { '1_a.sql': 'SELECT 1', '1_a.up.sql': 'SELECT 1' },
      'migration-duplicate',
      '1_a.up.sql',
    ],
    ['Latin-1', { '1_a.sql': Uint8Array.of(0x2d, 0x2d, 0xe9) }, 'migration-encoding', '1_a.sql'],
    ['UTF-16', { '1_a.sql': Uint8Array.of(0xff, 0xfe, 0x2d, 0) }, 'migration-encoding', 'UTF-16'],
    ['NUL', { '1_a.sql': Uint8Array.of(0x2d, 0) }, 'migration-encoding', 'NUL'],
    ['an empty file', { '1_a.sql': '' }, 'migration-empty', '1_a.sql'],
    ['a broken directive', { '1_a.sql': '-- tidemark:paren 1' }, 'directive-unknown', 'paren'],
    ['a broken sum', { 'tidemark.sum': 'x' }, 'sum-invalid', 'tidemark.sum:1'],
  ])('%s is refused', async (_, files, code, message) => {
    await expect(folder.putUnhashed(files)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  test('a file that cannot be read is named', async () => {
    await symlink(join(folder.path, 'nowhere'), join(folder.path, '1_a.sql'));
    await expect(readMigrationFolder(folder.path)).rejects.toMatchObject({
      code: 'migration-unreadable',
      message: expect.stringContaining('1_a.sql (ENOENT)'),
    });
  });

  test('a folder that is a file is named', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1' });
    await expect(readMigrationFolder(join(folder.path, '1_a.sql'))).rejects.toMatchObject({
      code: 'migration-unreadable',
    });
  });

  test('what differs from the sum is a result, and refused where it matters', async () => {
    const none = await folder.putUnhashed({ '1_a.sql': 'SELECT 1' });
    expect(() => requireListed(none)).toThrow(expect.objectContaining({ code: 'sum-missing' }));
    await folder.put({ '1_a.down.sql': 'SELECT -1', '2_b.sql': 'SELECT 2' });
    const read = await folder.putUnhashed({
      '1_a.down.sql': 'SELECT 0',
      '2_b.sql': null,
      '3_c.sql': 'SELECT 3',
    });
    expect(read.difference).toEqual({ added: ['3_c.sql'], edited: ['1_a.down.sql'], removed: ['2_b.sql'] });
    expect(() => requireListed(read)).toThrow(
      expect.objectContaining({
        code: 'sum-mismatch',
        message: expect.stringMatching(
          /edited: 1_a.down.sql; not listed: 3_c.sql; listed but gone: 2_b.sql$/,
        ),
      }),
    );
  });
});

describe('writing', () => {
  const now = new Date('2025-09-15T19:59:54Z');

  test('names, text, reverse and sum; nothing else is left', async () => {
    const path = join(folder.path, 'new', 'migrations');
    const first = await writeMigration(path, {
      name: 'Initial schema!',
      up: 'SELECT 1;\n',
      down: 'SELECT -1;\n',
      now,
    });
    expect(first).toEqual({
      parents: [],
      version: '20250915195954',
      upFile: '20250915195954_initial_schema.sql',
      downFile: '20250915195954_initial_schema.down.sql',
    });
    const second = await writeMigration(path, { name: 'b', up: 'SELECT 2;\n', now });
    expect(second).toMatchObject({
      version: '20250915195955',
      parents: [first.version],
      downFile: undefined,
    });
    expect((await readdir(path)).sort()).toEqual([
      '20250915195954_initial_schema.down.sql',
      '20250915195954_initial_schema.sql',
      '20250915195955_b.sql',
      'tidemark.sum',
    ]);
    requireListed(await readMigrationFolder(path));
    expect((await readFile(join(path, 'tidemark.sum'), 'utf8')).split('\n')).toHaveLength(4);
  });

  test('a version must come after the newest, and a name is never overwritten', async () => {
    await folder.put({ '20250101000000_a.sql': 'SELECT 1;' });
    await expect(writeMigration(folder.path, { name: 'b', up: '', version: '2024' })).rejects.toMatchObject({
      code: 'version-not-newest',
    });
    await writeFile(join(folder.path, '20250101000000_a.sql'), 'SELECT 2;');
    await expect(writeMigration(folder.path, { name: 'b', up: 'SELECT 1;' })).rejects.toMatchObject({
      code: 'sum-mismatch',
    });
    expect((await readdir(folder.path)).sort()).toEqual(['20250101000000_a.sql', 'tidemark.sum']);
  });

  test('what a killed writer left is reported as not listed, and cleared away later', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;' });
    const left = join(folder.path, '.tidemark-0123456789abcdef.tmp');
    await writeFile(left, 'half');
    const old = new Date(Date.now() - 3_600_000);
    await utimes(left, old, old);
    const read = await folder.putUnhashed({ '2_b.sql': 'SELECT 2;' });
    expect(read.difference.added).toEqual(['2_b.sql']);
    await hashFolder(folder.path);
    await writeMigration(folder.path, { name: 'c', up: 'SELECT 3;' });
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('a sum with a merge conflict is rewritten by hashing', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;' });
    await writeFile(join(folder.path, 'tidemark.sum'), '<<<<<<< HEAD\n');
    await hashFolder(folder.path);
    requireListed(await readMigrationFolder(folder.path));
  });
});
