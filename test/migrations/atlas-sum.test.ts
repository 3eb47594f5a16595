import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { differsFromAtlasSum, formatAtlasSum } from '../../src/migrations/atlas-sum.js';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { writeMigration } from '../../src/migrations/write-migration.js';
import { type TestFolder, testFolder } from './support/folder.js';

const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });

// The sums were written by Atlas's own library for files of these bytes (ariga.io/atlas v0.32.1, migrate.WriteSumFile).
const IGNORED = file('0_local.sql', '-- atlas:sum ignore\n\nSELECT 0;\n');
const FILES = [
  file('10_index.sql', '-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY "i" ON "a" ("c");'),
  file('1_first.sql', `-- The first\nCREATE TABLE "a" ("b" text DEFAULT 'x;y');\n`),
  file('2_crlf.sql', 'ALTER TABLE "a" ADD COLUMN "c" integer;\r\n'),
  file('3_é.sql', "COMMENT ON TABLE a IS 'grün ☃';\n"),
];
const SUM = `h1:iIUISsx0pt4wI0RXHAx2rEtzinGbYe1eFssbMKT8ppw=
10_index.sql h1:cFhcHN7GR651IL/9pBZoOAQ8qn2cHy4gbCU+J9JfJjM=
1_first.sql h1:I/J28SUwzXQOTuV1LvSdYK5Uux7gfaA3L/7TOAIGI4k=
2_crlf.sql h1:hcmFasJKBwBOukAWq5vYrQxULwjEV9K3hZOlZGMVaj4=
3_é.sql h1:DMjWYc7QvUJGMf6S3X5+g6Z4TteA3muqHXF6ozVJu/k=
`;
const SUM_WITH_IGNORED = `h1:FsFLJyzYOxoTRakNRb52LW7xngRV2R1/B5oNOiTXtm4=
10_index.sql h1:lvgV9xhHijWsOfoNpHUXh0n+5K+5YlajzFXMA7h1w4s=
1_first.sql h1:ZoGgLwLz6+5zM68mM0NROpJRZk/5UwpdIsa64oFJJ64=
2_crlf.sql h1:yd/vpAnicqq2Dkw2/ymrpnBbymdIl2E9hrLEo90ZR6U=
3_é.sql h1:7JM0NUDvFUmwgwLP8FLAr9Oxm1IRU/D4X38D9xHoBFk=
`;

test('a sum is what Atlas writes', () => {
  expect(formatAtlasSum(FILES)).toBe(SUM);
  expect(differsFromAtlasSum(SUM, FILES)).toBeUndefined();
  expect(differsFromAtlasSum(SUM.replaceAll('\n', '\r\n'), FILES)).toBeUndefined();
});

test('a file that says so is not listed, and its name counts for those after it', () => {
  expect(formatAtlasSum([IGNORED, ...FILES])).toBe(SUM_WITH_IGNORED);
  const edited = file('0_local.sql', '-- atlas:sum ignore\nSELECT 2;\n');
  expect(formatAtlasSum([edited, ...FILES])).toBe(SUM_WITH_IGNORED);
});

test.each([
  ['edited', FILES.with(1, file('1_first.sql', 'SELECT 1;')), '1_first.sql was edited'],
  [
    'one byte of a line end',
    FILES.with(2, file('2_crlf.sql', 'ALTER TABLE "a" ADD COLUMN "c" integer;\n')),
    '2_crlf.sql was',
  ],
  ['added', [...FILES, file('4_fourth.sql', '')], '4_fourth.sql is not listed'],
  ['taken away', FILES.slice(0, 3), '3_é.sql is listed, but gone'],
])('a difference is named: %s', (_, files, words) => {
  expect(differsFromAtlasSum(SUM, files)).toContain(words);
});

test('an edited first line is a difference too', () => {
  expect(differsFromAtlasSum(SUM.replace('h1:iI', 'h1:dD'), FILES)).toContain('first line');
});

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

const sumOf = () => readFileSync(join(folder.path, 'atlas.sum'), 'utf8');

test('a folder with an atlas.sum keeps it right whenever its own sum is written', async () => {
  for (const { name, bytes } of FILES) writeFileSync(join(folder.path, name), bytes);
  writeFileSync(join(folder.path, 'atlas.sum'), 'h1:old\n');
  mkdirSync(join(folder.path, 'sub'));
  writeFileSync(join(folder.path, 'sub', '9_x.sql'), 'SELECT 9;\n');
  await hashFolder(folder.path);
  expect(sumOf()).toBe(SUM);
  const { upFile } = await writeMigration(folder.path, { name: 'fourth', up: 'SELECT 4;\n' });
  // Atlas sorts names as plain text: 2026… comes before 2_….
  const [tenth, first, ...rest] = FILES;
  expect(sumOf()).toBe(formatAtlasSum([tenth!, first!, file(upFile, 'SELECT 4;\n'), ...rest]));
});

test('a folder without one gets none', async () => {
  await writeMigration(folder.path, { name: 'first', up: 'SELECT 1;\n' });
  expect(() => sumOf()).toThrow(/ENOENT/);
});

test('beside Atlas reverses lie aside, and what runs outside a transaction says so for both', async () => {
  writeFileSync(join(folder.path, 'atlas.sum'), 'h1:\n');
  const up = '-- tidemark:transaction none\n-- why\nCREATE INDEX CONCURRENTLY i ON t (a);\n';
  const { upFile, downFile } = await writeMigration(folder.path, {
    name: 'index',
    up,
    down: '-- tidemark:transaction none\nDROP INDEX CONCURRENTLY i;\n',
  });
  expect(downFile).toBe(`down/${upFile.replace('.sql', '.down.sql')}`);
  const text = readFileSync(join(folder.path, upFile), 'utf8');
  expect(text).toBe(`-- atlas:txmode none\n${up.replace('-- why\n', '-- why\n\n')}`);
  expect(sumOf()).toBe(formatAtlasSum([file(upFile, text)]));
  const read = await readMigrationFolder(folder.path);
  expect(read.migrations[0]).toMatchObject({
    directives: { transaction: 'none' },
    down: { file: downFile, transaction: 'none' },
  });
  expect(read.difference).toEqual({ added: [], edited: [], removed: [] });
  await writeMigration(folder.path, { name: 'more', up: 'SELECT 1;\n', down: 'SELECT 1;\n' });
  expect(readdirSync(join(folder.path, 'down'))).toHaveLength(2);
});

test("a subfolder of that name is nobody's business where Atlas is not", async () => {
  mkdirSync(join(folder.path, 'down'));
  writeFileSync(join(folder.path, 'down', '1_x.down.sql'), 'SELECT 1;\n');
  const { downFile } = await writeMigration(folder.path, {
    name: 'x',
    up: 'SELECT 1;\n',
    down: 'SELECT 1;\n',
  });
  expect(downFile).not.toContain('/');
});

test('a reverse that Atlas would apply is refused, and nothing is hashed', async () => {
  writeFileSync(join(folder.path, 'atlas.sum'), 'h1:\n');
  writeFileSync(join(folder.path, '1_x.sql'), 'SELECT 1;\n');
  writeFileSync(join(folder.path, '1_x.down.sql'), 'SELECT 2;\n');
  await expect(hashFolder(folder.path)).rejects.toMatchObject({
    code: 'migration-misplaced',
    message: expect.stringContaining('1_x.down.sql is a reverse'),
  });
  expect(sumOf()).toBe('h1:\n');
  expect(readdirSync(folder.path)).not.toContain('tidemark.sum');
});

test("golang-migrate's pairs stay where they are", async () => {
  writeFileSync(join(folder.path, 'atlas.sum'), 'h1:\n');
  writeFileSync(join(folder.path, '1_x.up.sql'), 'SELECT 1;\n');
  writeFileSync(join(folder.path, '1_x.down.sql'), 'SELECT 2;\n');
  expect((await hashFolder(folder.path)).migrations[0]).toMatchObject({ down: { file: '1_x.down.sql' } });
  expect(sumOf()).toBe(formatAtlasSum([file('1_x.up.sql', 'SELECT 1;\n')]));
});
