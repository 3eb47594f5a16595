import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProject, type Project } from '../../src/index.js';
import { inProcess } from '../support/cli-in-process.js';
import { type ProjectFolder, projectFolder } from './support/project-folder.js';

let folder: ProjectFolder;
let project: Project;
beforeEach(async () => {
  folder = projectFolder();
  await folder.migrations({
    '20250101000000_base.sql': 'CREATE TABLE base (id INTEGER PRIMARY KEY);\n',
    '20250101000000_base.down.sql': 'DROP TABLE base;\n',
    '20250102000000_ours.sql': '-- tidemark:parent 20250101000000\nCREATE TABLE ours (id INTEGER);\n',
    '20250103000000_theirs.sql':
      '-- tidemark:parent 20250101000000\n-- tidemark:branch theirs\nCREATE TABLE theirs (id INTEGER);\n',
  });
  project = await openProject({ folder: folder.path, url: 'sqlite:app.db' });
});
afterEach(async () => {
  await project.close();
  folder.remove();
});

const [base, ours, theirs] = ['20250101000000', '20250102000000', '20250103000000'];

/** What the command line prints about the same project. */
async function printed(line: string): Promise<Record<string, unknown>> {
  const words = ['migrate', ...line.split(' '), '--json', '--url', 'sqlite:app.db'];
  const { stdout } = await inProcess(words, { cwd: folder.path });
  return JSON.parse(stdout).result;
}

test('heads and branches, as the command line prints them, and no database is made', async () => {
  const { heads } = await project.migrate.heads();
  expect(heads.map(({ revision, file }) => [revision, file])).toEqual([
    [ours, '20250102000000_ours.sql'],
    [theirs, '20250103000000_theirs.sql'],
  ]);
  const branches = await project.migrate.branches();
  expect(branches).toMatchObject({
    bases: [base],
    branchpoints: [{ revision: base, children: [{ revision: ours }, { revision: theirs }] }],
    labels: [{ label: 'theirs', revision: theirs, heads: [theirs] }],
  });
  expect(await printed('heads')).toEqual({ heads });
  expect(await printed('branches')).toEqual(branches);
  expect(existsSync(join(folder.path, 'app.db'))).toBe(false);
});

test('a migration is shown with its place, state and SQL', async () => {
  expect(await project.migrate.show({ revision: 'base' }).catch(({ code }) => code)).toBe('target-unknown');
  expect((await project.migrate.show({ revision: base })).revisions).toMatchObject([
    { revision: base, state: 'pending', children: [ours, theirs], downText: 'DROP TABLE base;\n' },
  ]);
  expect(existsSync(join(folder.path, 'app.db'))).toBe(false);
  await project.migrate.up({ to: 'theirs' });
  const { revisions } = await project.migrate.show({ revision: 'current' });
  expect(revisions).toMatchObject([{ revision: theirs, state: 'applied', branches: ['theirs'], down: null }]);
  expect((await printed(`show ${theirs}`)).revisions).toEqual(revisions);
  const several = await project.migrate.show({ revision: 'heads' });
  expect(several.revisions.map(({ revision }) => revision)).toEqual([ours, theirs]);
  const stop = AbortSignal.abort(new Error('enough'));
  await expect(project.migrate.show({ revision: base!, signal: stop })).rejects.toMatchObject({
    code: 'aborted',
  });
});

test('the history of a range', async () => {
  await project.migrate.up({ to: 'theirs' });
  const { migrations, branches } = await project.migrate.history({ range: 'theirs:' });
  expect(migrations.map(({ revision }) => revision)).toEqual([theirs]);
  expect(branches).toMatchObject([{ label: 'theirs', current: [theirs] }]);
  expect((await project.migrate.history()).migrations).toHaveLength(3);
  await expect(project.migrate.history({ range: 'nowhere:' })).rejects.toMatchObject({
    code: 'target-unknown',
  });
});
