import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type MigrateResult, openProject, type Project } from '../../src/index.js';
import { describeOldestAndNewest, freshDatabase, query } from '../support/postgres-server.js';
import { type ProjectFolder, projectFolder } from './support/project-folder.js';

let folder: ProjectFolder;
beforeEach(() => {
  folder = projectFolder();
});
afterEach(() => folder.remove());

const ten = Array.from({ length: 10 }, (_, n) => n);

/** Five migrations; the last is slow enough that the others have to wait. Each leaves a row when it runs. */
const migrations = (pause: string) => ({
  '1_ran.sql': 'CREATE TABLE ran (n int); INSERT INTO ran VALUES (1);',
  ...Object.fromEntries([2, 3, 4].map((n) => [`${n}_m.sql`, `INSERT INTO ran VALUES (${n});`])),
  '5_slow.sql': pause,
});

/** One has done the work and nine have found it done; all say where the database is. */
function requireOneWorked(results: readonly MigrateResult[]): void {
  expect(results.map(({ steps }) => steps.length).sort((a, b) => a - b)).toEqual([...Array(9).fill(0), 5]);
  expect(new Set(results.map(({ after }) => after.join()))).toEqual(new Set(['5']));
  for (const { steps, before } of results) expect(before).toEqual(steps.length === 0 ? ['5'] : []);
}

describeOldestAndNewest('a project on a server', (server) => {
  let url: string;
  let drop: () => Promise<void>;
  const open: Project[] = [];
  beforeEach(async () => {
    ({ url, drop } = await freshDatabase(server));
  });
  afterEach(async () => {
    for (const project of open.splice(0)) await project.close();
    await drop();
  });
  const opened = async () => {
    const project = await openProject({ folder: folder.path, url });
    open.push(project);
    return project;
  };
  const pause = 'INSERT INTO ran SELECT 5 FROM pg_sleep(0.5);';
  const ran = () => query(url, 'SELECT n FROM ran ORDER BY n');
  const exactly = [1, 2, 3, 4, 5].map((n) => ({ n }));

  test('ten projects at once: one migrates, nine wait and find it done', async () => {
    await folder.migrations(migrations(pause));
    const projects = await Promise.all(ten.map(opened));
    const waiting = new Set<number>();
    const results = await Promise.all(
      projects.map((project, n) =>
        project.migrate.up({
          onEvent: ({ type }) => {
            if (type === 'waiting-for-lock') waiting.add(n);
          },
        }),
      ),
    );
    requireOneWorked(results);
    expect(waiting.size).toBe(9);
    expect(await ran()).toEqual(exactly);
    expect(await query(url, "SELECT outcome, revision FROM tidemark.log WHERE outcome <> 'done'")).toEqual([
      { outcome: 'started', revision: null },
    ]);
  });

  test('ten calls at once on one project take turns', async () => {
    await folder.migrations(migrations(pause));
    const project = await opened();
    requireOneWorked(await Promise.all(ten.map(() => project.migrate.up())));
    expect(await ran()).toEqual(exactly);
  });

  test('a short wait is refused, and says who works', async () => {
    await folder.migrations({ '1_slow.sql': 'SELECT pg_sleep(2);' });
    const [first, second] = [await opened(), await opened()];
    const events: string[] = [];
    const work = first.migrate.up({ onEvent: ({ type }) => events.push(type) });
    while (!events.includes('migration-started')) await sleep(5);
    await expect(second.migrate.up({ lockTimeoutMs: 100 })).rejects.toMatchObject({
      code: 'locked',
      exitCode: 4,
    });
    expect(await work).toMatchObject({ after: ['1'] });
    expect(await second.migrate.up()).toMatchObject({ steps: [], after: ['1'] });
  });

  test('statements of the user wait for a migration and are no part of it; looking does not wait', async () => {
    await folder.migrations({ '1_slow.sql': 'CREATE TABLE t (id int); SELECT pg_sleep(0.5); SELECT 1 / 0;' });
    const project = await opened();
    const database = await project.connection();
    const events: string[] = [];
    const work = project.migrate.up({ onEvent: ({ type }) => events.push(type) }).catch((error) => error);
    while (!events.includes('migration-started')) await sleep(5);
    let over = false;
    void work.then(() => {
      over = true;
    });
    const mine = database.executeAll(['CREATE TABLE mine (id int)']);
    expect(await project.migrate.status()).toMatchObject({ current: [], lastRun: { outcome: 'running' } });
    expect(over).toBe(false);
    await mine;
    expect(over).toBe(true);
    expect(await work).toMatchObject({ code: 'migration-failed' });
    expect(await query(url, "SELECT to_regclass('t') AS t, to_regclass('mine')::text AS mine")).toEqual([
      { t: null, mine: 'mine' },
    ]);
  });

  test('a lost session is replaced, whoever notices', async () => {
    await folder.migrations({ '1_a.sql': 'CREATE TABLE a (id int);' });
    const project = await opened();
    const database = await project.connection();
    const terminate = async () => {
      const [{ pid }] = (await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')) as [
        { pid: number },
      ];
      await query(url, 'SELECT pg_terminate_backend($1)', [pid]);
      return pid;
    };
    const first = await terminate();
    expect(await project.migrate.up()).toMatchObject({ after: ['1'] });
    const second = await terminate();
    expect(second).not.toBe(first);
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ connectionLost: true });
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a failed run leaves the session as it was, without the lock', async () => {
    await folder.migrations({ '1_bad.sql': "SET lock_timeout = '1ms'; SELECT 1 / 0;" });
    const [project, other] = [await opened(), await opened()];
    await expect(project.migrate.up()).rejects.toMatchObject({ code: 'migration-failed' });
    const database = await project.connection();
    expect(await database.query('SHOW lock_timeout')).toEqual([{ lock_timeout: '0' }]);
    await expect(other.migrate.up({ lockTimeoutMs: 0 })).rejects.toMatchObject({ code: 'migration-failed' });
  });
});

describe('a project on SQLite', () => {
  const url = 'sqlite:app.db';
  // A program gives the others their turn while it runs: they really wait.
  const files = () => {
    const { '5_slow.sql': _, ...rest } = migrations('');
    return {
      ...rest,
      '5_slow.mjs': `import { setTimeout as sleep } from 'node:timers/promises';
        export async function upgrade(db) { await sleep(300); await db.execute('INSERT INTO ran VALUES (5)'); }`,
    };
  };
  const opened = () => openProject({ folder: folder.path, url });

  test('ten projects at once: one migrates, nine wait and find it done', async () => {
    await folder.migrations(files());
    const projects = await Promise.all(ten.map(opened));
    requireOneWorked(await Promise.all(projects.map((project) => project.migrate.up())));
    const database = await projects[0]!.connection();
    expect(await database.query('SELECT n FROM ran ORDER BY n')).toEqual([1, 2, 3, 4, 5].map((n) => ({ n })));
    for (const project of projects) await project.close();
    expect(readdirSync(folder.path).sort()).toEqual(['app.db', 'migrations']);
  });

  test('ten calls at once on one project take turns', async () => {
    await folder.migrations(files());
    await using project = await opened();
    requireOneWorked(await Promise.all(ten.map(() => project.migrate.up())));
  });

  test('every call of a project, from the first migration to the last look', async () => {
    folder.write('schema.sql', 'CREATE TABLE a (id INTEGER PRIMARY KEY);\n');
    await using project = await opened();
    expect(await project.migrate.diff({ name: 'first', dryRun: true })).toMatchObject({
      changed: true,
      revision: null,
      files: [],
      up: expect.stringContaining('CREATE TABLE a'),
      downText: expect.stringContaining('DROP TABLE a'),
    });
    const first = await project.migrate.diff({ name: 'first' });
    expect(first).toMatchObject({
      changed: true,
      reversible: true,
      files: [/_first\.sql$/, /_first\.down\.sql$/].map((e) => expect.stringMatching(e)),
    });
    expect(await project.migrate.diff({ name: 'again' })).toEqual({
      changed: false,
      steps: [],
      unmanaged: [],
    });
    const second = await project.migrate.new({
      name: 'rows',
      up: 'INSERT INTO a VALUES (1);\n',
      down: 'DELETE FROM a;\n',
    });
    expect(await project.migrate.validate({ replay: true })).toMatchObject({
      migrations: 2,
      statements: 2,
      replayed: true,
    });
    folder.write(join('migrations', second.files[0]!), 'INSERT INTO a VALUES (2);\n');
    await expect(project.migrate.validate()).rejects.toMatchObject({ code: 'sum-mismatch' });
    expect(await project.migrate.hash()).toMatchObject({ edited: [second.files[0]] });
    expect(await project.migrate.hash()).toMatchObject({ edited: [], added: [], removed: [] });
    expect(existsSync(join(folder.path, 'app.db'))).toBe(false);

    expect((await project.migrate.up({ dryRun: true })).steps).toHaveLength(2);
    expect(await project.migrate.up()).toMatchObject({ after: [second.revision] });
    expect(await project.migrate.down()).toMatchObject({ before: [second.revision] });
    const { current, migrations: states, log } = await project.migrate.history();
    expect(current).toEqual([first.changed && first.revision]);
    expect(states.map(({ state }) => state)).toEqual(['applied', 'pending']);
    expect(log.filter(({ revision }) => revision !== null).map(({ operation }) => operation)).toEqual([
      'up',
      'up',
      'down',
    ]);

    expect(await project.migrate.current()).toEqual({ current, atHeads: false, pending: 1 });
    // Its row is not there, and that is what a stamp takes our word for.
    expect(await project.migrate.stamp({ to: 'head', dryRun: true })).toMatchObject({ dryRun: true });
    expect(await project.migrate.stamp({ to: 'head' })).toMatchObject({ after: [second.revision] });
    expect(await project.migrate.current()).toMatchObject({ atHeads: true });
    const database = await project.connection();
    expect(await database.query('SELECT count(*) AS n FROM a')).toEqual([{ n: 0 }]);
    await project.migrate.stamp({ to: 'base' });
    expect(await project.migrate.current()).toMatchObject({ current: [], pending: 2 });
    await project.migrate.stamp({ to: [second.revision] });

    const branch = await project.migrate.new({
      name: 'side',
      head: 'base',
      branch: 'side',
      up: 'SELECT 1;\n',
    });
    expect(branch).toMatchObject({
      parents: [],
      branch: 'side',
      files: [expect.stringContaining('_side.sql')],
    });
    expect(await project.migrate.check()).toMatchObject({ matches: true, steps: [] });
    expect(await project.schema.diff()).toMatchObject({ different: false, sql: '' });
    folder.write('schema.sql', 'CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT);\n');
    expect(await project.migrate.check()).toMatchObject({
      matches: false,
      steps: [{ object: 'column:a.b' }],
    });
    expect(await project.schema.diff()).toMatchObject({
      different: true,
      sql: expect.stringContaining('ADD'),
    });
    expect(await project.schema.diff({ from: 'empty', to: 'migrations:' })).toMatchObject({
      sql: expect.stringContaining('CREATE TABLE a'),
    });
    expect((await project.schema.inspect()).sql).toContain('CREATE TABLE a');
    expect((await project.schema.inspect({ state: 'schema.sql' })).objects.map(({ id }) => id)).toContain(
      'column:a.b',
    );
    expect((await project.database.check()).problems).toEqual([]);
    await expect(project.migrate.up({ to: 'nonsense' })).rejects.toMatchObject({ code: 'target-unknown' });
  });

  test('a likely rename that nobody settled is refused, as on the command line without a terminal', async () => {
    folder.write('schema.sql', 'CREATE TABLE a (id INTEGER PRIMARY KEY, title TEXT, other INTEGER);\n');
    await using project = await opened();
    await project.migrate.diff({ name: 'first' });
    folder.write('schema.sql', 'CREATE TABLE a (id INTEGER PRIMARY KEY, titles TEXT, other INTEGER);\n');
    await expect(project.migrate.diff({ name: 'second' })).rejects.toMatchObject({
      code: 'rename-unanswered',
    });
    const renamed = await project.migrate.diff({ name: 'second', renames: ['a.title=titles'], dryRun: true });
    expect(renamed).toMatchObject({ steps: [{ action: 'rename' }] });
    const dropped = await project.migrate.diff({ name: 'second', notRenamed: ['a.title'], dryRun: true });
    expect(dropped).toMatchObject({ changed: true });
    expect(dropped.steps.map(({ action }) => action)).not.toContain('rename');
  });

  test('memory is one database for every call', async () => {
    await folder.migrations({ '1_a.sql': 'CREATE TABLE a (id INTEGER PRIMARY KEY);' });
    await using project = await openProject({ folder: folder.path, url: 'sqlite::memory:' });
    await project.migrate.up();
    expect((await project.schema.inspect()).sql).toContain('CREATE TABLE a');
    expect(await project.migrate.status()).toMatchObject({ pending: 0 });
  });
});

describe('a project on the embedded database', () => {
  test('a folder that is open already is refused in words', async () => {
    await folder.migrations({ '1_a.sql': 'CREATE TABLE a (id int);' });
    const projects = await Promise.all(ten.map(() => openProject({ folder: folder.path, url: 'pglite:db' })));
    const outcomes = await Promise.allSettled(projects.map((project) => project.migrate.up()));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(9);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({
        code: 'database-locked',
        exitCode: 4,
        message: expect.stringContaining(`db is open in this process (${process.pid})`),
      });
    }
    const one = projects[outcomes.findIndex(({ status }) => status === 'fulfilled')]!;
    // The one that has it open can read it, too.
    expect((await one.schema.inspect()).sql).toContain('CREATE TABLE');
    await one.close();
    // And when it is closed, the next may have it.
    const other = projects.find((project) => project !== one)!;
    expect(await other.migrate.up()).toMatchObject({ steps: [], after: ['1'] });
    for (const project of projects) await project.close();
  });
});

describe('opening projects', () => {
  test('leaves the variables of the process alone, and each project has its own', async () => {
    const other = projectFolder();
    const config = 'export default { environments: { local: { url: process.env.PROJECT_DATABASE } } };\n';
    const before = { ...process.env };
    try {
      for (const [project, file] of [
        [folder, 'one.db'],
        [other, 'two.db'],
      ] as const) {
        project.write('tidemark.config.ts', config);
        project.write('.env', `PROJECT_DATABASE=sqlite:${file}\nDATABASE_URL=sqlite:wrong.db\n`);
      }
      const [one, two] = await Promise.all([folder, other].map(({ path }) => openProject({ folder: path })));
      expect(one!.label).toMatch(/one\.db$/);
      expect(two!.label).toMatch(/two\.db$/);
      expect({ ...process.env }).toEqual(before);
      folder.write('.env', 'PROJECT_DATABASE=sqlite:three.db\n');
      expect((await openProject({ folder: folder.path })).label).toMatch(/three\.db$/);
    } finally {
      other.remove();
    }
  });

  test('a database that is not there yet does not spoil the project', async () => {
    await folder.migrations({ '1_a.sql': 'CREATE TABLE a (id int);' });
    await using project = await openProject({ folder: folder.path, url: 'sqlite:later/app.db' });
    await expect(project.migrate.up()).rejects.toMatchObject({ code: 'cannot-connect' });
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(folder.path, 'later'));
    expect(await project.migrate.up()).toMatchObject({ after: ['1'] });
  });

  test('closed is closed', async () => {
    await folder.migrations({ '1_a.sql': 'CREATE TABLE a (id int);' });
    const project = await openProject({ folder: folder.path, url: 'sqlite:app.db' });
    const database = await project.connection();
    await project.close();
    await project.close();
    await expect(project.migrate.up()).rejects.toMatchObject({ code: 'project-closed' });
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'project-closed' });
  });
});
