import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ImportedRevision } from '../../src/importing/imported-project.js';
import { plainRevision } from '../../src/importing/plain-revision.js';
import { renderImport, requireSame } from '../../src/importing/render-import.js';
import { graphOf } from '../../src/migrations/compare-history.js';
import { folderOfTexts, readMigrationFolder } from '../../src/migrations/folder.js';
import { writeMigration } from '../../src/migrations/write-migration.js';
import { testFolder } from '../migrations/support/folder.js';

const revision = (id: string, more: Partial<ImportedRevision> = {}) =>
  plainRevision({
    id,
    name: `Step ${id}`,
    up: `SELECT '${id}';\n`,
    key: id,
    source: `old/${id}.sql`,
    ...more,
  });

const render = (...revisions: ImportedRevision[]) => {
  const rendered = renderImport('/m', revisions);
  requireSame(folderOfTexts('/m', rendered.files), rendered);
  return Object.fromEntries(rendered.files);
};

test('one line in the order of its ids needs no directive', () => {
  expect(
    render(revision('1.2', { down: 'SELECT 2;\n' }), revision('1.10', { name: '' }), revision('2')),
  ).toEqual({
    '1.2_step_1_2.sql': "SELECT '1.2';\n",
    '1.2_step_1_2.down.sql': 'SELECT 2;\n',
    '1.10.sql': "SELECT '1.10';\n",
    '2_step_2.sql': "SELECT '2';\n",
  });
});

test('branches, merges, labels, dependencies and transactions are written', () => {
  const files = render(
    revision('1', { transaction: 'none', down: 'SELECT 0;\n', downTransaction: 'none' }),
    revision('2'),
    revision('3', { parents: ['1'], branch: 'reports', dependsOn: ['2'] }),
    revision('4', { parents: ['2', '3'] }),
    revision('5', { parents: [] }),
  );
  const head = (file: string) => files[file]!.split('\n').filter((line) => line.startsWith('-- '));
  expect(head('1_step_1.sql')).toEqual(['-- tidemark:transaction none']);
  expect(head('1_step_1.down.sql')).toEqual(['-- tidemark:transaction none']);
  expect(head('2_step_2.sql')).toEqual([]);
  expect(head('3_step_3.sql')).toEqual([
    '-- tidemark:parent 1',
    '-- tidemark:depends-on 2',
    '-- tidemark:branch reports',
  ]);
  expect(head('4_step_4.sql')).toEqual(['-- tidemark:parent 2 3']);
  expect(head('5_step_5.sql')).toEqual(['-- tidemark:parent base']);
});

test('ids that do not sort as the revisions follow one another give numbered files', () => {
  expect(Object.keys(render(revision('ae1027'), revision('0b12'), revision('head_of_x')))).toEqual([
    '0001_step_ae1027.sql',
    '0002_step_0b12.sql',
    '0003_step_head_of_x.sql',
  ]);
  const files = render(revision('ae1027'), revision('0b12'));
  expect(files['0001_step_ae1027.sql']).toMatch(/^-- tidemark:revision ae1027\n/);
});

test('hashes for ids: every parent is said, for no later name is sure to come after them', () => {
  const files = render(revision('abcdef', { down: 'SELECT 0;\n' }), revision('bcdeff'));
  expect(files).toEqual({
    'abcdef_step_abcdef.sql': "-- tidemark:revision abcdef\n-- tidemark:parent base\nSELECT 'abcdef';\n",
    'abcdef_step_abcdef.down.sql': 'SELECT 0;\n',
    'bcdeff_step_bcdeff.sql': "-- tidemark:revision bcdeff\n-- tidemark:parent abcdef\nSELECT 'bcdeff';\n",
  });
  const read = folderOfTexts('/m', new Map(Object.entries(files)));
  expect(read.migrations.map(({ name }) => name)).toEqual(['step_abcdef', 'step_bcdeff']);
  expect(render(revision('1975ea'), revision('ae1027'))['1975ea_step_1975ea.sql']).toContain(
    'tidemark:parent base',
  );
});

test.each([
  [['abcdef', 'bcdeff']],
  [['1975ea', 'ae1027']],
  [['ae1027', 'be0b12']],
  [['ae1027', '0b12']],
  [['V1', 'V2']],
  [['000001', '000002']],
])('a new migration and a branch follow what was imported as %j', async (ids) => {
  const folder = await testFolder();
  try {
    for (const [file, text] of Object.entries(render(...ids.map((id) => revision(id)))))
      await writeFile(join(folder.path, file), text);
    const up = 'SELECT 1;\n';
    const one = await writeMigration(folder.path, { name: 'one', up });
    const two = await writeMigration(folder.path, { name: 'two', up, parents: [ids.at(-1)!] });
    expect([one.parents, two.parents]).toEqual([[ids.at(-1)], [ids.at(-1)]]);
    const graph = graphOf(await readMigrationFolder(folder.path));
    expect(graph.order.map(({ id }) => id)).toEqual([...ids, one.version, two.version]);
    expect(graph.byId.get(ids[1]!)?.parents).toEqual([ids[0]]);
  } finally {
    await folder.remove();
  }
});

test('an id that a name cannot begin with is said', () => {
  expect(render(revision('20260101000000_a'), revision('20260101000000_b'))).toEqual({
    '20260101000000_a.sql': "-- tidemark:revision 20260101000000_a\nSELECT '20260101000000_a';\n",
    '20260101000000_b.sql': "-- tidemark:revision 20260101000000_b\nSELECT '20260101000000_b';\n",
  });
});

test('an empty migration says that it is', () => {
  expect(render(revision('1', { up: '' }))['1_step_1.sql']).toBe('-- Nothing to do: 1.sql is empty.\n');
});

test('an id that no revision can have is refused', () => {
  expect(() => render(revision('a@b'))).toThrow(/the id "a@b" holds "@"/);
});
