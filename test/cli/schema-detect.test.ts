import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findClient } from '../../src/backup/postgres/find-client.js';
import { openProject } from '../../src/index.js';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { inProcess } from '../support/cli-in-process.js';
import { embedded, freshDatabase, servers } from '../support/postgres-server.js';

const kinds = [
  {
    ...{ name: 'SQLite', dumps: true },
    open: async (cwd: string) => ({ url: `sqlite:${cwd}/app.db`, drop: async () => {} }),
  },
  { name: 'the embedded engine', dumps: true, open: () => freshDatabase(embedded()) },
  ...(await Promise.all(
    // The oldest, the newest: the reading in between is the same.
    [...new Set([servers()[0], servers().at(-1)])]
      .flatMap((server) => server ?? [])
      .map(async (server) => ({
        name: `PostgreSQL ${server.name}`,
        // A pg_dump that is older than the server refuses it.
        dumps: await findClient('pg_dump', Number(server.name), { env: process.env }).then(
          () => true,
          () => false,
        ),
        open: () => freshDatabase(server),
      })),
  )),
];

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-detect-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

/** What a test does with one database. */
function at(url: string) {
  const env = { PATH: process.env.PATH ?? '' };
  const run = (line: string) => inProcess([...line.split(' '), '--url', url], { cwd, env });
  return {
    run,
    json: async (line: string) => JSON.parse((await run(`${line} --json`)).stdout),
    /** As an application or a person would: past Tidemark. */
    async outside(...statements: string[]) {
      const project = await openProject({ folder: cwd, url });
      try {
        await (await project.connection()).executeAll(statements);
      } finally {
        await project.close();
      }
    },
    migrations: () => readdirSync(join(cwd, 'migrations')).filter((name) => name.endsWith('.sql')),
    snapshots: () => readdirSync(join(cwd, 'snapshots')).sort(),
    async write(files: Record<string, string>) {
      mkdirSync(join(cwd, 'migrations'), { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, 'migrations', name), text);
      await hashFolder(join(cwd, 'migrations'));
    },
  };
}

const ADDED = 'ALTER TABLE users ADD COLUMN email text';

describe.each(kinds)('schema detect on $name', ({ open, dumps }) => {
  let db: ReturnType<typeof at>;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    const made = await open(cwd);
    drop = made.drop;
    db = at(made.url);
  });
  afterEach(() => drop());

  test('what was changed outside becomes a migration with its reverse; applied, it is not found again', async () => {
    await db.write({
      '1_users.sql': 'CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);',
      '1_users.down.sql': 'DROP TABLE users;',
    });
    expect(await db.run('migrate up')).toMatchObject({ code: 0 });
    expect(await db.run('schema snapshot')).toMatchObject({ code: 0 });
    expect(await db.run('schema detect --dry-run')).toMatchObject({ code: 0 });

    await db.outside(ADDED);
    const seen = await db.run('schema detect --dry-run');
    expect(seen).toMatchObject({ code: 3, stdout: expect.stringMatching(/add column "?email"?/i) });
    expect(db.migrations()).toHaveLength(2);

    const done = await db.json('schema detect --apply --name console');
    expect(done).toMatchObject({
      ok: true,
      result: {
        changed: true,
        covered: false,
        baseline: null,
        backup: null,
        applied: true,
        reversible: true,
      },
    });
    const { revision, files, newSnapshot } = done.result;
    expect(files).toEqual([`${revision}_console.sql`, `${revision}_console.down.sql`]);
    expect(readFileSync(join(cwd, 'migrations', files[1]), 'utf8')).toMatch(/drop column "?email"?/i);
    expect(db.snapshots()).toHaveLength(2);
    expect(db.snapshots()[1]).toBe(newSnapshot);
    expect((await db.json('migrate status')).result).toMatchObject({ current: [revision], pending: 0 });

    const again = await db.json('schema detect --apply');
    expect(again.result).toMatchObject({ changed: false, revision: null, files: [] });
    expect(db.migrations()).toHaveLength(4);
    expect(await db.run('migrate down')).toMatchObject({ code: 0 });
    expect(await db.run('migrate up')).toMatchObject({ code: 0 });
    expect((await db.json('schema detect')).result).toMatchObject({ changed: false });
  });

  test('what migrations did since the snapshot is not part of it', async () => {
    await db.write({
      '1_users.sql': 'CREATE TABLE users (id integer PRIMARY KEY);',
      '2_gone.sql': 'CREATE TABLE gone (id integer);',
      '2_gone.down.sql': 'DROP TABLE gone;',
    });
    await db.run('migrate up');
    await db.run('schema snapshot');
    await db.run('migrate down');
    rmSync(join(cwd, 'migrations/2_gone.sql'));
    rmSync(join(cwd, 'migrations/2_gone.down.sql'));
    await db.write({ '3_posts.sql': 'CREATE TABLE posts (id integer);' });
    const lost = await db.run('schema detect');
    expect(lost).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('2 ran since, and its file is gone'),
    });

    await db.write({
      '2_gone.sql': 'CREATE TABLE gone (id integer);',
      '2_gone.down.sql': 'DROP TABLE gone;',
    });
    await db.outside(ADDED);
    const pending = await db.run('schema detect');
    expect(pending).toMatchObject({ code: 4, stderr: expect.stringContaining('migrate up') });
    await db.run('migrate up');
    const { result } = await db.json('schema detect');
    expect(result.steps.map((step: { summary: string }) => step.summary)).toHaveLength(1);
    expect(result).toMatchObject({ changed: true, applied: false, newSnapshot: null });
    // Written and not recorded: the migrations lead to what the database is.
    expect((await db.json('schema detect')).result).toMatchObject({
      changed: true,
      covered: true,
      files: [],
    });
  });

  test('without any migrations, one that makes the snapshot comes first', async () => {
    await db.outside('CREATE TABLE users (id integer PRIMARY KEY)');
    await db.run('schema snapshot');
    await db.outside(ADDED);
    const { result } = await db.json('schema detect --apply');
    expect(result).toMatchObject({ changed: true, applied: true, baseline: expect.any(String) });
    expect(result.files).toHaveLength(4);
    expect((await db.json('migrate status')).result).toMatchObject({
      pending: 0,
      current: [result.revision],
    });
    expect(await db.run('migrate validate --replay')).toMatchObject({ code: 0 });
    expect(await db.run('migrate check')).not.toMatchObject({ code: 1 });
  });

  test('a snapshot of what is as it was is not written twice, unless it has a name', async () => {
    await db.outside('CREATE TABLE users (id integer PRIMARY KEY)');
    const first = (await db.json('schema snapshot')).result;
    expect(first).toMatchObject({ written: true, heads: [] });
    expect((await db.json('schema snapshot')).result).toMatchObject({ written: false, file: first.file });
    const text = readFileSync(first.path, 'utf8');
    expect((await db.json('schema snapshot --name kept')).result).toMatchObject({ written: true });
    expect(db.snapshots()).toEqual([first.file, expect.stringMatching(/_kept\.sql$/)]);
    expect(readFileSync(first.path, 'utf8')).toBe(text);
  });

  test.runIf(dumps)(
    '--backup makes one before anything is written, and none when there is nothing',
    async () => {
      await db.outside('CREATE TABLE users (id integer PRIMARY KEY)', 'INSERT INTO users VALUES (1)');
      await db.run('schema snapshot');
      expect((await db.json('schema detect --backup')).result).toMatchObject({
        changed: false,
        backup: null,
      });
      await db.outside(ADDED);
      const { result } = await db.json('schema detect --backup --apply');
      expect(result).toMatchObject({ applied: true, backup: expect.any(String) });
      const shown = (await db.json(`backup show ${result.backup}`)).result;
      expect(shown.manifest).toMatchObject({
        trigger: { kind: 'detect', migration: null },
        migrations: null,
      });
      expect((await db.json('backup list')).result.backups).toHaveLength(1);
    },
  );
});

describe('what schema detect refuses', () => {
  const url = () => `sqlite:${cwd}/app.db`;

  test('no snapshot, one of another database, and one that was changed', async () => {
    const db = at(url());
    await db.outside('CREATE TABLE users (id integer PRIMARY KEY)');
    expect(await db.run('schema detect')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('tidemark schema snapshot'),
    });
    const { path } = (await db.json('schema snapshot')).result;
    const other = at(`sqlite:${cwd}/other.db`);
    await other.outside('CREATE TABLE users (id integer PRIMARY KEY)');
    expect(await other.run('schema detect')).toMatchObject({ code: 2 });

    const text = readFileSync(path, 'utf8');
    for (const broken of [text.slice(0, -3), text.replace('users', 'people'), '', 'SELECT 1;']) {
      writeFileSync(path, broken);
      expect(await db.run('schema detect --apply')).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(path),
      });
    }
    // A checkout on Windows.
    writeFileSync(path, text.replaceAll('\n', '\r\n'));
    expect(await db.run('schema detect')).toMatchObject({ code: 0 });
    expect(readdirSync(cwd)).not.toContain('migrations');
  });

  test('a database that was restored since the snapshot', async () => {
    const db = at(url());
    await db.write({ '1_posts.sql': 'CREATE TABLE posts (id integer);' });
    await db.run('migrate up');
    copyFileSync(join(cwd, 'app.db'), join(cwd, 'kept.db'));
    await db.write({ '2_tags.sql': 'CREATE TABLE tags (id integer);' });
    await db.run('migrate up');
    await db.run('schema snapshot');
    copyFileSync(join(cwd, 'kept.db'), join(cwd, 'app.db'));
    expect(await db.run('schema detect')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('restored'),
    });
    // As many lines in the log as there were, but others.
    await db.run('migrate up');
    expect(await db.run('schema detect')).toMatchObject({ code: 4 });
    await db.run('schema snapshot');
    expect(await db.run('schema detect')).toMatchObject({ code: 0 });
  });

  test('a change of what the migrations do not make', async () => {
    const db = at(url());
    await db.write({ '1_posts.sql': 'CREATE TABLE posts (id integer);' });
    await db.run('migrate up');
    await db.outside('CREATE TABLE users (id integer PRIMARY KEY)');
    await db.run('schema snapshot');
    await db.outside(ADDED);
    const refused = await db.run('schema detect --apply --backup');
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('do') });
    expect(refused.stderr).toContain('schema diff --from migrations:');
    expect(db.migrations()).toHaveLength(1);
    expect(readdirSync(cwd)).not.toContain('backups');
  });

  test('a database that is not there, which is not made', async () => {
    const db = at(url());
    expect(await db.run('schema snapshot')).toMatchObject({ code: 1 });
    expect(await db.run('schema detect')).toMatchObject({ code: 1 });
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('a likely rename that nobody has answered for', async () => {
    const db = at(url());
    await db.outside('CREATE TABLE users (id integer PRIMARY KEY, nickname text)');
    await db.run('schema snapshot');
    await db.outside('ALTER TABLE users RENAME COLUMN nickname TO nick_name');
    expect(await db.run('schema detect')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('--rename'),
    });
    const { result } = await db.json('schema detect --rename users.nickname=nick_name');
    expect(result.steps).toHaveLength(1);
    expect(result.steps[0]).toMatchObject({ action: 'rename' });
  });
});

describe('from an application', () => {
  test('snapshot and detect with typed results, on the session that the project has', async () => {
    const url = `pglite:${cwd}/db`;
    await using project = await openProject({ folder: cwd, url });
    const connection = await project.connection();
    await connection.executeAll(['CREATE TABLE users (id integer PRIMARY KEY)']);
    const first = await project.schema.snapshot({ name: 'start' });
    expect(first).toMatchObject({ written: true, environment: 'local', database: 'db' });
    expect(await project.schema.detect()).toMatchObject({ changed: false });
    await connection.executeAll([ADDED]);
    const found = await project.schema.detect({ apply: true, backup: true });
    expect(found).toMatchObject({ changed: true, applied: true, backup: expect.any(String) });
    expect(await project.migrate.current()).toMatchObject({ current: [found.revision], atHeads: true });
    await expect(project.schema.detect({ signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});
