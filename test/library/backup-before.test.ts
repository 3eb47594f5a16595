import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findClient } from '../../src/backup/postgres/find-client.js';
import { openProject, type Project } from '../../src/index.js';
import { freshDatabase, servers, type TestServer } from '../support/postgres-server.js';
import { type ProjectFolder, projectFolder } from './support/project-folder.js';

const FIRST = {
  '1_notes.sql': "CREATE TABLE notes (id int, title text); INSERT INTO notes VALUES (1, 'a');",
};
const NEXT = {
  '2_gone.sql': 'DELETE FROM notes;',
  '3_broken.sql': 'INSERT INTO nowhere VALUES (1);',
};

/** The newest server that a pg_dump of this machine can dump. */
const server = await servers().reduce<Promise<TestServer | undefined>>(async (before, next) => {
  const older = await before;
  const client = await findClient('pg_dump', Number(next.name), { env: process.env }).catch(() => undefined);
  return client === undefined ? older : next;
}, Promise.resolve(undefined));

const kinds = [
  { name: 'SQLite', open: async () => ({ url: 'sqlite:app.db', drop: async () => {} }) },
  ...(server ? [{ name: `PostgreSQL ${server.name}`, open: () => freshDatabase(server) }] : []),
];

let folder: ProjectFolder;
const open: Project[] = [];
beforeEach(() => {
  folder = projectFolder();
});
afterEach(async () => {
  for (const project of open.splice(0)) await project.close();
  folder.remove();
});
const opened = async (url: string) => {
  const project = await openProject({ folder: folder.path, url });
  open.push(project);
  return project;
};
const made = () => {
  const root = join(folder.path, 'backups');
  return existsSync(root)
    ? readdirSync(root).flatMap((database) =>
        readdirSync(join(root, database)).filter((name) => /^\d{8}T/.test(name)),
      )
    : [];
};

describe.each(kinds)('migrate.up with a backup on $name', ({ open: make }) => {
  let url: string;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    ({ url, drop } = await make());
    await folder.migrations(FIRST);
    const project = await opened(url);
    await project.migrate.up();
    // SQLite is not replaced while somebody else has it open.
    await project.close();
  });
  afterEach(async () => {
    for (const project of open.splice(0)) await project.close();
    await drop();
  });

  test('five projects at once make one backup between them', async () => {
    await folder.migrations({ '2_more.sql': "INSERT INTO notes VALUES (2, 'b');" });
    const projects = await Promise.all(Array.from({ length: 5 }, () => opened(url)));
    const results = await Promise.all(projects.map((project) => project.migrate.up({ backup: true })));
    const backups = results.flatMap(({ backup }) => backup ?? []);
    expect(backups).toHaveLength(1);
    expect(backups[0]).toMatchObject({ heads: ['1'], rows: expect.any(Number), verified: 2 });
    expect(made()).toEqual([backups[0]?.id]);
    expect(results.map(({ steps }) => steps.length).sort()).toEqual([0, 0, 0, 0, 1]);
  });

  test('restored when a migration fails; the project goes on with what is live then', async () => {
    await folder.migrations(NEXT);
    const project = await opened(url);
    const failed = project.migrate.up({ backup: { restoreOnFailure: true, tags: ['deploy'] } });
    await expect(failed).rejects.toMatchObject({
      code: 'migration-failed',
      details: { restored: { mode: 'swap', heads: ['1'] } },
    });
    const connection = await project.connection();
    expect(await connection.query('SELECT id, title FROM notes')).toEqual([{ id: 1, title: 'a' }]);
    expect(await project.migrate.current()).toMatchObject({ current: ['1'], pending: 2 });
  });

  test('given up while the backup is made: nothing was changed, and none is left', async () => {
    await folder.migrations({ '2_more.sql': "INSERT INTO notes VALUES (2, 'b');" });
    const project = await opened(url);
    const controller = new AbortController();
    const onEvent = () => controller.abort(new Error('enough'));
    const failed = project.migrate.up({ backup: { onEvent }, signal: controller.signal });
    await expect(failed).rejects.toMatchObject({ code: 'aborted' });
    expect(made()).toEqual([]);
    expect(await project.migrate.current()).toMatchObject({ current: ['1'], pending: 1 });
    expect(await project.migrate.up({ backup: true })).toMatchObject({ after: ['2'] });
  });
});

test('a restore that fails is told beside what made it necessary, with the way back; the database stays', async () => {
  await folder.migrations(FIRST);
  const other = await opened('sqlite:app.db');
  await other.migrate.up();
  await folder.migrations(NEXT);
  const project = await opened('sqlite:app.db');
  // The other one still has the file open.
  const error = await project.migrate.up({ backup: { restoreOnFailure: true } }).catch((reason) => reason);
  const [id] = made();
  expect(error).toMatchObject({ code: 'migration-failed', details: { backup: id, restored: null } });
  const hints = error.hints.join('\n');
  expect(hints).toContain(`The backup ${id} could not be restored`);
  expect(hints).toContain(`tidemark backup restore ${id}`);
  expect(await project.migrate.current()).toMatchObject({ current: ['2'], pending: 1 });
});

test('a restore that could not open the backup is refused before anything runs', async () => {
  const recipient = await identityToRecipient(await generateIdentity());
  folder.write('tidemark.config.json', JSON.stringify({ backup: { encryptTo: [recipient] } }));
  await folder.migrations({ ...FIRST, ...NEXT });
  const project = await opened('sqlite:app.db');
  const refused = project.migrate.up({ backup: { restoreOnFailure: true } });
  await expect(refused).rejects.toMatchObject({ code: 'restore-impossible', exitCode: 2 });
  expect(await project.migrate.current()).toMatchObject({ current: [] });
});
