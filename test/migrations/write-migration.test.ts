import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { graphOf } from '../../src/migrations/compare-history.js';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { fillTemplate } from '../../src/migrations/migration-template.js';
import { requireListed } from '../../src/migrations/require-listed.js';
import { type NewMigration, writeMigration } from '../../src/migrations/write-migration.js';
import { type TestFolder, testFolder } from './support/folder.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

const now = new Date('2025-09-15T19:59:54Z');
const write = (migration: Partial<NewMigration> = {}) =>
  writeMigration(folder.path, { name: 'add users', up: 'SELECT 1;\n', now, ...migration });
const text = (file: string): Promise<string> => readFile(join(folder.path, file), 'utf8');

describe('names from a template', () => {
  test('a name that does not begin with the revision says it, and its parent, in directives', async () => {
    const naming = { fileName: '{year}_{month}_{day}_{slug}' };
    const first = await write({ naming, down: 'SELECT -1;\n', name: 'zebra' });
    expect(first).toEqual({
      version: '20250915195954',
      parents: [],
      upFile: '2025_09_15_zebra.sql',
      downFile: '2025_09_15_zebra.down.sql',
    });
    expect(await text(first.upFile)).toBe(
      '-- tidemark:revision 20250915195954\n-- tidemark:parent base\nSELECT 1;\n',
    );
    expect(await text('2025_09_15_zebra.down.sql')).toBe('SELECT -1;\n');
    // Of two in one day the second may come first by name: its parent line keeps the order.
    const second = await write({ naming, name: 'apple' });
    expect(second).toMatchObject({ version: '20250915195955', parents: [first.version] });
    const third = await write({ naming, name: 'mango' });
    const read = await readMigrationFolder(folder.path);
    requireListed(read);
    expect(read.migrations.map(({ name }) => name)).toEqual([
      '2025_09_15_apple',
      '2025_09_15_mango',
      '2025_09_15_zebra',
    ]);
    expect(graphOf(read).order.map(({ id }) => id)).toEqual([first, second, third].map((m) => m.version));
  });

  test('a folder without dates in its names', async () => {
    const naming = { fileName: '{slug}', revision: 'number' } as const;
    const ids = [];
    for (const name of ['c', 'a', 'b']) ids.push((await write({ name, naming })).version);
    expect(ids).toEqual(['0001', '0002', '0003']);
    const graph = graphOf(await readMigrationFolder(folder.path));
    expect(graph.order.map(({ id }) => id)).toEqual(ids);
    await expect(write({ name: 'A!', naming })).rejects.toMatchObject({ code: 'migration-exists' });
  });

  test('after a squash, whose number has a part', async () => {
    await folder.put({ '0006.1_all.sql': 'SELECT 1;' });
    expect(await write({ naming: { revision: 'number' } })).toMatchObject({
      version: '0007',
      parents: ['0006.1'],
    });
  });

  test('in a time zone', async () => {
    const { upFile, version } = await write({ naming: { timeZone: 'Asia/Tokyo' } });
    expect([upFile, version]).toEqual(['20250916045954_add_users.sql', '20250916045954']);
  });

  test('after another naming, and back', async () => {
    await folder.put({ '0001_a.sql': 'SELECT 1;', '0002_b.sql': 'SELECT 2;' });
    expect(await write({ naming: { revision: 'number' } })).toMatchObject({
      upFile: '0003_add_users.sql',
      parents: ['0002'],
    });
    expect(await text('0003_add_users.sql')).toBe('SELECT 1;\n');
    const named = await write({ naming: { fileName: 'x_{revision}' } });
    expect(named).toMatchObject({ upFile: 'x_20250915195954.sql', parents: ['0003'] });
    // 2025… comes before x_ in file order: only the parent line tells what it follows.
    const back = await write();
    expect(back).toMatchObject({ upFile: '20250915195955_add_users.sql', parents: [named.version] });
    expect(await text(back.upFile)).toBe('-- tidemark:parent 20250915195954\nSELECT 1;\n');
  });
});

describe('revisions by hand', () => {
  test.each([
    ['2025.1', '2025.1_add_users.sql', ''],
    ['größe', 'größe_add_users.sql', '-- tidemark:revision größe\n-- tidemark:parent 1\n'],
    ['a_1', 'a_1_add_users.sql', '-- tidemark:revision a_1\n-- tidemark:parent 1\n'],
    ['users', 'users_add_users.sql', '-- tidemark:revision users\n-- tidemark:parent 1\n'],
  ])('%s', async (version, upFile, directives) => {
    await folder.put({ '1_a.sql': 'SELECT 1;' });
    expect(await write({ version })).toMatchObject({ version, upFile });
    expect(await text(upFile)).toBe(`${directives}SELECT 1;\n`);
    const read = await readMigrationFolder(folder.path);
    expect(read.migrations.map((migration) => migration.version).sort()).toEqual(['1', version].sort());
  });

  test.each<[string, Partial<NewMigration>, string, string]>([
    ['a character of targets', { version: 'a@b' }, 'revision-invalid', 'holds "@"'],
    ['a blank', { version: 'a b' }, 'revision-invalid', 'a blank'],
    ['a folder', { version: '../a' }, 'revision-invalid', 'holds "/"'],
    ['a word of targets', { version: 'head' }, 'revision-invalid', 'a word that targets use'],
    ['nothing', { version: '' }, 'revision-invalid', 'is empty'],
    ['one that is taken', { version: '3' }, 'migration-duplicate', '3_b.sql'],
    ['a number that is taken', { version: 'v01', name: 'zebra' }, 'migration-duplicate', 'same revision'],
    ['a place that another file would follow from', { version: '2' }, 'version-not-newest', '3_b.sql'],
    [
      'the same with a parent',
      { version: '2', parents: ['1'] },
      'version-not-newest',
      '2_add_users.sql would stand before 3_b.sql',
    ],
    ['a parent that is not there', { parents: ['9'] }, 'graph-unknown-parent', '9'],
    ['a dependency that is not there', { dependsOn: ['9'] }, 'graph-unknown-parent', '9'],
    ['a label that is an id', { branch: 'v1' }, 'branch-duplicate', 'v1'],
    ['a label that is none', { branch: 'a b' }, 'directive-invalid', 'a b'],
    ['a text with an unknown directive', { up: '-- tidemark:x\n' }, 'directive-unknown', 'x'],
    ['an empty text', { up: '' }, 'migration-empty', 'empty'],
  ])('%s is refused and nothing is written', async (_, migration, code, message) => {
    await folder.put({ '1_a.sql': 'SELECT 1;', '3_b.sql': 'SELECT 3;', 'v1_c.sql': 'SELECT 4;' });
    const before = await readdir(folder.path);
    await expect(write(migration)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    expect(await readdir(folder.path)).toEqual(before);
  });

  test('an older one, where the files after it say their parents', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;', '3_b.sql': '-- tidemark:parent 1\nSELECT 3;' });
    expect(await write({ version: '2', parents: ['1'] })).toMatchObject({ upFile: '2_add_users.sql' });
    const graph = graphOf(await readMigrationFolder(folder.path));
    expect(graph.heads).toEqual(['2', '3']);
  });
});

describe('its place in the graph', () => {
  test('parents, dependencies and a label are said, replacing what the text says', async () => {
    await folder.put({
      '1_a.sql': 'SELECT 1;',
      '2_b.sql': '-- tidemark:parent 1\n',
      '3_c.sql': '-- tidemark:parent 1\n',
    });
    const written = await write({
      up: '-- tidemark:parent 1\n-- tidemark:transaction none\nSELECT 1;\n',
      parents: ['2', '3'],
      dependsOn: ['1'],
      branch: 'audit',
    });
    expect(await text(written.upFile)).toBe(
      '-- tidemark:parent 2 3\n-- tidemark:depends-on 1\n-- tidemark:branch audit\n-- tidemark:transaction none\nSELECT 1;\n',
    );
    expect(graphOf(await readMigrationFolder(folder.path)).heads).toEqual([written.version]);
  });

  test('a line of its own', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;' });
    const { upFile } = await write({ parents: [], branch: 'other' });
    expect(await text(upFile)).toBe('-- tidemark:parent base\n-- tidemark:branch other\nSELECT 1;\n');
  });

  test('several heads and no word which', async () => {
    await folder.put({ '1_a.sql': 'SELECT 1;', '2_b.sql': '-- tidemark:parent base\n' });
    await expect(write()).rejects.toMatchObject({ code: 'several-heads' });
    expect(await write({ parents: ['1'] })).toMatchObject({ parents: ['1'] });
  });

  test('the head is not the last file', async () => {
    await folder.put({ '1_a.sql': '-- tidemark:parent 2\n', '2_b.sql': '-- tidemark:parent base\n' });
    const { upFile } = await write();
    expect(await text(upFile)).toBe('-- tidemark:parent 1\nSELECT 1;\n');
  });

  test('beside the ids of another tool the time names it, after Flyway its prefix stays', async () => {
    await folder.put({
      'ae1027a6acf_a.sql': '-- tidemark:parent base\n',
      'f00d27a6acf_b.sql': '-- tidemark:parent ae1027a6acf\n',
    });
    expect(await write()).toMatchObject({ version: '20250915195954', parents: ['f00d27a6acf'] });
    expect(await write()).toMatchObject({ version: '20250915195955', parents: ['20250915195954'] });
    await folder.put({
      'ae1027a6acf_a.sql': null,
      'f00d27a6acf_b.sql': null,
      '20250915195954_add_users.sql': null,
      '20250915195955_add_users.sql': null,
      'V12__x.sql': 'SELECT 1;',
    });
    expect(await write()).toMatchObject({ version: 'V20250915195954' });
  });
});

test('a program, and texts that speak of their revision', async () => {
  const up = '// {name}, {revision}\nexport async function upgrade() {}\n';
  const { upFile, downFile } = await write({
    up: (facts) => fillTemplate(up, facts),
    language: 'program',
    naming: { fileName: '{slug}' },
  });
  expect([upFile, downFile]).toEqual(['add_users.ts', undefined]);
  expect(await text(upFile)).toBe(
    '// tidemark:revision 20250915195954\n// tidemark:parent base\n// add users, 20250915195954\nexport async function upgrade() {}\n',
  );
  const read = await readMigrationFolder(folder.path);
  expect(read.migrations).toMatchObject([
    { version: '20250915195954', language: 'program', name: 'add_users' },
  ]);
});

test('the command after a write sees the files, and its failure leaves nothing', async () => {
  const afterWrite = (code: number) => ({
    command: [process.execPath, '-e', `process.exit(process.argv.length === 3 ? ${code} : 9)`] as const,
    cwd: folder.path,
  });
  await expect(write({ down: 'SELECT -1;', afterWrite: afterWrite(1) })).rejects.toMatchObject({
    code: 'hook-failed',
  });
  expect(await readdir(folder.path)).toEqual([]);
  await write({ down: 'SELECT -1;', afterWrite: afterWrite(0) });
  expect(await readdir(folder.path)).toHaveLength(3);
});

test('whatever the names and the clocks, migrations follow one another as they were written', async () => {
  const fileNames = fc.constantFrom(
    undefined,
    '{slug}',
    '{year}_{month}_{slug}',
    '{revision}-{slug}',
    '{slug}_{revision}',
    'V{revision}__{slug}',
    '{epoch}_{slug}',
  );
  const one = fc.record({
    timeZone: fc.constantFrom(undefined, 'Asia/Tokyo', 'America/New_York'),
    revision: fc.constantFrom('timestamp' as const, 'number' as const),
    // Clocks of several people, and some in one second.
    now: fc.constantFrom(
      '2025-01-01T00:00:00Z',
      '2025-01-01T00:00:01Z',
      '2024-12-31T23:30:00Z',
      '2031-07-01T12:00:00Z',
    ),
    word: fc.constantFrom('alpha', 'zulu', '10', 'ünï', ''),
  });
  await fc.assert(
    fc.asyncProperty(
      fileNames,
      fc.array(one, { minLength: 2, maxLength: 6 }),
      async (fileName, migrations) => {
        const at = await testFolder();
        try {
          const written: string[] = [];
          for (const [index, { word, now, ...rest }] of migrations.entries()) {
            const name = `${word} ${'abcdef'[index]}`;
            const naming = { fileName, ...rest };
            const made = { name, up: 'SELECT 1;\n', down: 'SELECT 1;\n', naming, now: new Date(now) };
            written.push((await writeMigration(at.path, made)).version);
            const read = await readMigrationFolder(at.path);
            requireListed(read);
            const graph = graphOf(read);
            expect(graph.order.map(({ id }) => id)).toEqual(written);
            expect(graph.heads).toEqual(written.slice(-1));
          }
        } finally {
          await at.remove();
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a template whose names come before those that are there is refused, not their order changed', async () => {
  await folder.put({ '20250101000000_a.sql': 'SELECT 1;' });
  const before = await readdir(folder.path);
  await expect(write({ naming: { fileName: '{year}-{month}_{slug}' } })).rejects.toMatchObject({
    code: 'version-not-newest',
    hints: expect.arrayContaining([expect.stringContaining('newMigrations.fileName')]),
  });
  expect(await readdir(folder.path)).toEqual(before);
});
