import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { main } from '../support/cli.js';
import { DanaProject, type Variables } from '../support/dana-project.js';
import {
  describeEachServer,
  describeOldestAndNewest,
  freshDatabase,
  query,
  servers,
} from '../support/postgres-server.js';

// The troubleshooting list that a project like this one carries in its README, each entry provoked.

// Many processes a test, on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000 });

let project: DanaProject;
beforeEach(() => {
  project = new DanaProject();
});
afterEach(() => project.remove());

const tables = `SELECT count(*)::int AS n FROM pg_class
  WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'audit')`;

/** A migration after all others. */
function addMigration(name: string, sql: string): string {
  const file = `20990101000000_${name}.sql`;
  writeFileSync(join(project.folder, 'migrations', file), sql);
  project.must('db-migrate-hash');
  return file;
}

describe('extension missing', () => {
  const server = servers().find(({ hasVector }) => !hasVector);

  test.skipIf(server === undefined)(
    'the server has no pgvector: named, with a way out, nothing done',
    async () => {
      const { url, drop } = await freshDatabase(server!);
      try {
        const result = project.make('db-migrate', { DATABASE_URL: url });
        expect(result.status).not.toBe(0);
        expect(result.stderr).toMatch(/vector/);
        expect(result.stderr).toContain('hint: Install pgvector');
        expect(await query(url, tables)).toEqual([{ n: 0 }]);
        expect(project.make('db-migrate-status', { DATABASE_URL: url }).stdout).toContain('pending');
      } finally {
        await drop();
      }
    },
  );
});

describeEachServer(
  'connected database is not clean',
  (server) => {
    test('what was found is named, and nothing is done without --baseline', async () => {
      const variables = await project.database(server);
      project.make('db-shell', variables, 'CREATE TABLE left_over (id int);\n');
      const result = project.make('db-migrate', variables);
      expect(result.status).not.toBe(0);
      expect(result.stderr).toContain('left_over');
      expect(result.stderr).toContain('--baseline');
      expect(await project.ask(tables, variables)).toEqual([{ n: 1 }]);
    });

    test('extensions, an empty schema and a second run of everything are no dirt', async () => {
      const variables = await project.database(server);
      project.make('db-shell', variables, 'CREATE EXTENSION citext; CREATE SCHEMA extra;\n');
      project.must('db-migrate', variables);
      project.must('db-migrate', variables);
      project.must('db-migrate-diff NAME=nothing', variables);
    });
  },
  { embedded: true, vector: true },
);

describe('dev database not given', () => {
  test('is no trouble: a diff needs neither a setting nor a server', () => {
    const nowhere = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' };
    project.edit('schema.sql', (sql) => `${sql}\nCREATE TABLE extra (id bigint PRIMARY KEY);\n`);
    project.must('db-migrate-diff NAME=extra', nowhere);
    expect(project.migrations().some((file) => file.endsWith('_extra.sql'))).toBe(true);
  });
});

describe('tool not found in the container', () => {
  test('make and the script say what is missing', () => {
    const variables = { TIDEMARK: 'tidemark-is-not-here' };
    expect(project.make('db-migrate', variables)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('tidemark-is-not-here'),
    });
    expect(project.script('local apply', variables)).toMatchObject({
      status: 127,
      stderr: expect.stringContaining('npm install'),
    });
  });

  test('by default it is the one of the project, else the one on the PATH, else nobody is asked for one', () => {
    // Without the folders that npm puts in front while it runs a script.
    const path = [dirname(process.execPath), '/usr/bin', '/bin'].join(':');
    const variables = { TIDEMARK: undefined, PATH: path };
    const missing = project.make('db-migrate-validate', variables);
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining('npm install') });
    expect(missing.stderr).not.toContain('registry');
    expect(project.script('local validate', variables)).toMatchObject({
      status: 127,
      stderr: expect.stringContaining('there is no "tidemark" here: npm install --save-dev tidemark'),
    });
    expect(project.make('help', variables).status).toBe(0);

    const installed = join(project.folder, 'node_modules', '.bin');
    mkdirSync(installed, { recursive: true });
    symlinkSync(main, join(installed, 'tidemark'));
    project.must('db-migrate-validate', variables);
    expect(project.script('local validate', variables)).toMatchObject({ status: 0 });

    rmSync(join(project.folder, 'node_modules'), { recursive: true });
    const elsewhere = join(project.folder, 'bin');
    mkdirSync(elsewhere);
    symlinkSync(main, join(elsewhere, 'tidemark'));
    const onPath = { ...variables, PATH: `${elsewhere}:${path}` };
    project.must('db-migrate-validate', onPath);
    expect(project.script('local validate', onPath)).toMatchObject({ status: 0 });
  });
});

describeEachServer(
  'migration failed half way',
  (server) => {
    const broken = 'CREATE TABLE first_half (id int);\n\nALTER TABLE nobody_knows ADD COLUMN x int;\n';

    test('nothing of it stays, the place is named, the failure is on record, and a mended file goes through', async () => {
      const variables = await project.database(server);
      project.must('db-migrate', variables);
      const file = addMigration('broken', broken);
      const failed = project.make('db-migrate', variables);
      expect(failed.status).not.toBe(0);
      expect(failed.stderr).toContain(`${file}:3:`);
      expect(failed.stderr).toContain('nobody_knows');
      expect(await project.ask("SELECT to_regclass('first_half') AS found", variables)).toEqual([
        { found: null },
      ]);
      const history = project.run('sh', ['-c', '$TIDEMARK migrate history --log'], variables);
      expect(history.stdout, history.stderr).toMatch(/fail/i);

      addMigration('broken', 'CREATE TABLE first_half (id int);\n');
      project.must('db-migrate', variables);
      expect(project.script('local status --check', variables).status).toBe(0);
    });

    test('outside a transaction the next run goes on from where it stopped', async () => {
      const variables = await project.database(server);
      project.must('db-migrate', variables);
      addMigration('broken', `-- tidemark:transaction none\n${broken}`);
      expect(project.make('db-migrate', variables).status).not.toBe(0);
      const half = "SELECT to_regclass('first_half')::text AS found";
      expect(await project.ask(half, variables)).toEqual([{ found: 'first_half' }]);

      addMigration('broken', `-- tidemark:transaction none\n${broken.replace('nobody_knows', 'first_half')}`);
      project.must('db-migrate', variables);
      const columns =
        "SELECT attname FROM pg_attribute WHERE attrelid = 'first_half'::regclass AND attnum > 0";
      expect(await project.ask(columns, variables)).toEqual([{ attname: 'id' }, { attname: 'x' }]);
    });
  },
  { embedded: true, vector: true },
);

describeEachServer(
  'schema drift',
  (server) => {
    test('is found, shown as SQL, and undone by hand with that SQL', async () => {
      const variables = await project.database(server);
      project.must('db-migrate', variables);
      const drift = () => project.run('sh', ['-c', '$TIDEMARK status --check'], variables);
      project.make('db-shell', variables, 'ALTER TABLE organisations ADD COLUMN hotfix text;\n');
      const found = drift();
      expect(found.status).toBe(3);
      expect(found.stdout).toContain('column organisations.hotfix');
      const shown = project.run('sh', ['-c', '$TIDEMARK schema diff --check'], variables);
      expect(shown.status, shown.stderr).toBe(3);
      expect(shown.stdout).toMatch(/^ALTER TABLE organisations DROP COLUMN hotfix;$/m);
      const undone = project.make('db-shell', variables, shown.stdout);
      expect(undone, undone.stderr).toMatchObject({ status: 0 });
      expect(drift()).toMatchObject({ status: 0 });
    });
  },
  { embedded: true, vector: true },
);

describe('cannot connect', () => {
  test('nobody listens: the address and a way out, no password', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => listener.once('listening', resolve));
    const { port } = listener.address() as AddressInfo;
    await new Promise((resolve) => listener.close(resolve));
    const result = project.make('db-migrate', {
      DATABASE_URL: `postgres://dana:hush%40hush@127.0.0.1:${port}/dana`,
    });
    expect(result.status).not.toBe(0);
    expect(result.stderr).toContain(`127.0.0.1:${port}`);
    expect(result.stderr).toContain('hint:');
    expect(project.said).not.toMatch(/hush/);
  });
});

describeOldestAndNewest('cannot connect', (server) => {
  const change = (edit: (url: URL) => void) => async () => {
    const url = new URL(await server.adminUrl());
    edit(url);
    return { DATABASE_URL: url.href } satisfies Variables;
  };

  test.each([
    ['a wrong password', change((url) => (url.password = 'not%20it')), /password/],
    ['an unknown role', change((url) => (url.username = 'nobody')), /nobody/],
    [
      'a database that is not there',
      change((url) => (url.pathname = 'no_such_db')),
      /no_such_db.*tidemark db create/s,
    ],
  ])('%s', async (_title, variables, message) => {
    const result = project.make('db-migrate', await variables());
    expect(result.status).not.toBe(0);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).toContain('hint:');
  });
});
