import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProject, type Project } from '../../src/index.js';
import { type ProjectFolder, projectFolder } from './support/project-folder.js';

let folder: ProjectFolder;
let project: Project;
beforeEach(async () => {
  folder = projectFolder();
  project = await openProject({ folder: folder.path, url: 'sqlite:app.db' });
});
afterEach(async () => {
  await project.close();
  folder.remove();
});
const names = () => readdirSync(join(folder.path, 'migrations'));

/** A base and two lines that come from it. */
const twoLines = () =>
  folder.migrations({
    '20250101000000_base.sql': 'CREATE TABLE base (id INTEGER PRIMARY KEY);\n',
    '20250101000000_base.down.sql': 'DROP TABLE base;\n',
    '20250102000000_ours.sql':
      '-- tidemark:parent 20250101000000\nCREATE TABLE ours (id INTEGER PRIMARY KEY);\n',
    '20250102000000_ours.down.sql': 'DROP TABLE ours;\n',
    '20250103000000_theirs.sql':
      '-- tidemark:parent 20250101000000\nCREATE TABLE theirs (id INTEGER PRIMARY KEY);\n',
    '20250103000000_theirs.down.sql': 'DROP TABLE theirs;\n',
  });

test('two heads are merged, once it is proven that their order does not matter', async () => {
  await twoLines();
  const before = names();
  const heads = ['20250102000000', '20250103000000'];
  expect(await project.migrate.merge({ dryRun: true })).toMatchObject({
    changed: true,
    revision: null,
    parents: heads,
    proof: { withoutDown: [], notLeadingBack: [] },
    up: expect.stringMatching(/\S/),
    downText: expect.any(String),
  });
  await expect(project.migrate.merge({ signal: AbortSignal.timeout(1) })).rejects.toMatchObject({
    code: 'aborted',
  });
  expect(names()).toEqual(before);
  const merged = await project.migrate.merge();
  expect(merged).toMatchObject({
    changed: true,
    parents: heads,
    files: [/_merge\.sql$/, /_merge\.down\.sql$/].map((name) => expect.stringMatching(name)),
  });
  expect(await project.migrate.merge()).toMatchObject({ changed: false, parents: [merged.revision] });
  expect(await project.migrate.up()).toMatchObject({ after: [merged.revision] });
});

test('a line that is not applied is moved after the one that is', async () => {
  await twoLines();
  await project.migrate.up({ to: '20250103000000' });
  const before = names();
  expect(await project.migrate.rebase({ dryRun: true })).toMatchObject({ changed: true, written: false });
  expect(names()).toEqual(before);
  const rebased = await project.migrate.rebase();
  expect(rebased).toMatchObject({
    changed: true,
    written: true,
    onto: '20250103000000',
    moved: [{ from: '20250102000000', file: '20250102000000_ours.sql' }],
    withoutDown: [],
    notLeadingBack: [],
  });
  expect(names()).not.toContain('20250102000000_ours.sql');
  expect(await project.migrate.rebase()).toMatchObject({ changed: false });
  expect(await project.migrate.up()).toMatchObject({ after: [rebased.moved[0]?.to] });
});

test('several are made one, and a database in the middle goes on', async () => {
  await folder.migrations({
    '1_a.sql': 'CREATE TABLE a (id INTEGER PRIMARY KEY);\n',
    '1_a.down.sql': 'DROP TABLE a;\n',
    '2_b.sql': 'CREATE TABLE b (id INTEGER PRIMARY KEY);\n',
    '2_b.down.sql': 'DROP TABLE b;\n',
  });
  await project.migrate.up({ to: '+1' });
  const before = names();
  expect(await project.migrate.squash({ range: 'base:head', dryRun: true })).toMatchObject({
    written: false,
  });
  expect(names()).toEqual(before);
  const squashed = await project.migrate.squash({ range: 'base:head', name: 'all' });
  expect(squashed).toMatchObject({
    written: true,
    replaces: ['1', '2'],
    hazards: [],
    up: expect.stringContaining('CREATE TABLE b'),
  });
  await project.migrate.up();
  expect(await project.migrate.status()).toMatchObject({ pending: 0, problems: [] });
  expect((await project.schema.inspect()).objects.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['table:a', 'table:b']),
  );
});
