import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { differsFromAtlasSum, formatAtlasSum } from '../../src/migrations/atlas-sum.js';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { writeMigration } from '../../src/migrations/write-migration.js';
import { type TestFolder, testFolder } from './support/folder.js';

const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });

// The three files and the atlas.sum of https://atlasgo.io/blog/2022/09/05/announcing-migration-execution.
const DOCUMENTED = [
  file(
    '1_initial.sql',
    '-- add new schema named "my_schema"\nCREATE DATABASE `my_schema`;\n-- create "tbl" table\nCREATE TABLE `my_schema`.`tbl` (`col` int NOT NULL);',
  ),
  file('2_second.sql', 'ALTER TABLE `my_schema`.`tbl` ADD `col_2` TEXT;'),
  file('3_third.sql', 'CREATE TABLE `tbl_2` (`col` int NOT NULL);'),
];
const DOCUMENTED_SUM = `h1:cD9kOv5VDRLrKVZ0pM4CxAlhH6mgE8PQLpUeuIMKDcs=
1_initial.sql h1:SrFyOe0eg5WnE96GH3TtAt6046sfrOK4YKZYBlYr1SA=
2_second.sql h1:FPzwV+MzwyCss7SASZtyafXiYc9Un5bzlcc3u7MxLJU=
3_third.sql h1:uD+xDcA3Q+gHqwca2ZBDAHWYvC2eiUcwr1IgMsN0Q6c=
`;

test('a sum is what Atlas documents', () => {
  expect(formatAtlasSum(DOCUMENTED)).toBe(DOCUMENTED_SUM);
  expect(differsFromAtlasSum(DOCUMENTED_SUM, DOCUMENTED)).toBeUndefined();
  expect(differsFromAtlasSum(DOCUMENTED_SUM.replaceAll('\n', '\r\n'), DOCUMENTED)).toBeUndefined();
});

test('a file that says so is not listed, and its name counts for those after it', () => {
  const ignored = file('0_local.sql', '-- atlas:sum ignore\nSELECT 1;\n');
  const sum = formatAtlasSum([ignored, ...DOCUMENTED]);
  expect(sum).not.toContain('0_local.sql');
  expect(sum).not.toBe(DOCUMENTED_SUM);
  expect(formatAtlasSum([file('0_local.sql', '-- atlas:sum ignore\nSELECT 2;\n'), ...DOCUMENTED])).toBe(sum);
});

test.each([
  ['edited', DOCUMENTED.with(1, file('2_second.sql', 'SELECT 1;')), '2_second.sql was edited'],
  [
    'one byte of a line end',
    DOCUMENTED.with(0, file('1_initial.sql', `${DOCUMENTED[0]!.bytes}\r\n`)),
    '1_initial.sql was',
  ],
  ['added', [...DOCUMENTED, file('4_fourth.sql', '')], '4_fourth.sql is not listed'],
  ['taken away', DOCUMENTED.slice(0, 2), '3_third.sql is listed, but gone'],
])('a difference is named: %s', (_, files, words) => {
  expect(differsFromAtlasSum(DOCUMENTED_SUM, files)).toContain(words);
});

test('an edited first line is a difference too', () => {
  expect(differsFromAtlasSum(DOCUMENTED_SUM.replace('h1:cD', 'h1:dD'), DOCUMENTED)).toContain('first line');
});

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

const sumOf = () => readFileSync(join(folder.path, 'atlas.sum'), 'utf8');

test('a folder with an atlas.sum keeps it right whenever its own sum is written', async () => {
  for (const { name, bytes } of DOCUMENTED) writeFileSync(join(folder.path, name), bytes);
  writeFileSync(join(folder.path, 'atlas.sum'), 'h1:old\n');
  mkdirSync(join(folder.path, 'notes.sql.d'));
  await hashFolder(folder.path);
  expect(sumOf()).toBe(DOCUMENTED_SUM);
  const { upFile } = await writeMigration(folder.path, { name: 'fourth', up: 'SELECT 4;\n' });
  // Atlas sorts names as plain text: 2026… comes before 2_second.
  const [first, ...rest] = DOCUMENTED;
  expect(sumOf()).toBe(formatAtlasSum([first!, file(upFile, 'SELECT 4;\n'), ...rest]));
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
