import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProject } from '../../src/index.js';
import { type ProjectFolder, projectFolder } from './support/project-folder.js';

let folder: ProjectFolder;
beforeEach(() => {
  folder = projectFolder();
  mkdirSync(join(folder.path, 'db', 'migrations'), { recursive: true });
  for (const [n, name] of ['a', 'b'].entries()) {
    const text = `-- migrate:up\nCREATE TABLE ${name} (id integer);\n-- migrate:down\nDROP TABLE ${name};\n`;
    folder.write(join('db', 'migrations', `${n + 1}_${name}.sql`), text);
  }
});
afterEach(() => folder.remove());

test("another tool's project comes in with what it has applied, and goes on", async () => {
  await using project = await openProject({ folder: folder.path, url: 'sqlite:app.db' });
  const database = await project.connection();
  await database.executeAll([
    'CREATE TABLE schema_migrations (version varchar(128) primary key)',
    "INSERT INTO schema_migrations VALUES ('1')",
    'CREATE TABLE a (id integer, extra integer)',
  ]);
  const request = { from: 'dbmate', path: '.' } as const;
  const aborted = project.migrate.import({ ...request, signal: AbortSignal.abort() });
  await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  const looked = await project.migrate.import({ ...request, dryRun: true });
  expect(looked).toMatchObject({ dryRun: true, wrote: true });
  expect(await project.migrate.status()).toMatchObject({ pending: 0, migrations: [] });

  const outcome = await project.migrate.import(request);
  expect(outcome).toMatchObject({
    tool: 'dbmate',
    wrote: true,
    revisions: [
      { revision: '1', file: '1_a.sql', applied: true },
      { revision: '2', file: '2_b.sql', applied: false },
    ],
    recorded: { table: 'schema_migrations', revisions: ['1'] },
    // The database has a column that no migration makes.
    differences: [expect.stringContaining('extra')],
  });
  expect(await project.migrate.current()).toMatchObject({ current: ['1'], pending: 1 });
  expect(await project.migrate.up()).toMatchObject({ after: ['2'] });
});
