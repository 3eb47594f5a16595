import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findClient } from '../../src/backup/postgres/find-client.js';
import { openProject } from '../../src/index.js';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { main } from '../support/cli.js';
import { inProcess } from '../support/cli-in-process.js';
import { embedded, freshDatabase, servers, type TestServer } from '../support/postgres-server.js';

const ID = /\d{8}T\d{9}Z-\w{6}/;

const FILES = {
  '1_users.sql': "CREATE TABLE users (id int, name text); INSERT INTO users VALUES (1, 'ann'), (2, 'bob');",
  '1_users.down.sql': 'DROP TABLE users;',
  '2_gone.sql': 'DELETE FROM users WHERE id = 2;',
  '2_gone.down.sql': 'SELECT 1;',
};
const BROKEN = { '3_broken.sql': 'CREATE TABLE extra (id int); INSERT INTO nowhere VALUES (1);' };

/** The newest server that a pg_dump of this machine can dump. */
const server = await servers().reduce<Promise<TestServer | undefined>>(async (before, next) => {
  const older = await before;
  const client = await findClient('pg_dump', Number(next.name), { env: process.env }).catch(() => undefined);
  return client === undefined ? older : next;
}, Promise.resolve(undefined));

/** Every kind of database a backup can be made of. */
const kinds = [
  { name: 'SQLite', open: async (cwd: string) => ({ url: `sqlite:${cwd}/app.db`, drop: async () => {} }) },
  { name: 'the embedded engine', open: () => freshDatabase(embedded()) },
  ...(server ? [{ name: `PostgreSQL ${server.name}`, open: () => freshDatabase(server) }] : []),
];
if (server === undefined) console.warn('migrate up --backup: no pg_dump here for any server');

describe.each(kinds)('migrate up --backup on $name', ({ open }) => {
  let cwd: string;
  let url: string;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'tidemark-up-backup-'));
    ({ url, drop } = await open(cwd));
    mkdirSync(join(cwd, 'migrations'));
    await write({ '1_users.sql': FILES['1_users.sql'], '1_users.down.sql': FILES['1_users.down.sql'] });
    expect(await run('migrate up')).toMatchObject({ code: 0 });
  });
  afterEach(async () => {
    await drop();
    rmSync(cwd, { recursive: true, force: true });
  });

  const write = async (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, 'migrations', name), text);
    await hashFolder(join(cwd, 'migrations'));
  };
  const run = (line: string, options = {}) =>
    inProcess([...line.split(' '), '--url', url], { cwd, env: { PATH: process.env.PATH ?? '' }, ...options });
  const backups = async () => {
    const { stdout } = await run('backup list --json');
    return JSON.parse(stdout).result.backups as { id: string; trigger: string; migration: string | null }[];
  };
  const names = async () => {
    const project = await openProject({ folder: cwd, url });
    try {
      const connection = await project.connection();
      return (await connection.query<{ name: string }>('SELECT name FROM users ORDER BY id')).map(
        (row) => row.name,
      );
    } finally {
      await project.close();
    }
  };

  test('makes one before the first migration, notes it, and none when there is nothing to run', async () => {
    await write(FILES);
    const done = await run('migrate up --backup');
    expect(done).toMatchObject({ code: 0 });
    const id = ID.exec(done.stdout)?.[0];
    expect(id).toBeDefined();
    expect(await names()).toEqual(['ann']);
    expect(await backups()).toHaveLength(1);
    const shown = JSON.parse((await run(`backup show ${id} --json`)).stdout).result;
    expect(shown.manifest).toMatchObject({
      id,
      trigger: { kind: 'pre-migration', migration: '2' },
      migrations: { heads: ['1'] },
    });
    const { log } = JSON.parse((await run('migrate history --log --json')).stdout).result;
    const last = log
      .slice(-4)
      .map((line: { operation: string; revision: string | null; outcome: string }) => [
        line.operation,
        line.revision,
        line.outcome,
      ]);
    expect(last).toEqual([
      ['up', null, 'started'],
      ['backup', id, 'done'],
      ['up', '2', 'done'],
      ['up', null, 'done'],
    ]);
    const idle = await run('migrate up --backup --json');
    expect(JSON.parse(idle.stdout).result).toMatchObject({ steps: [], backup: null });
    expect(await run('migrate up --backup --dry-run')).toMatchObject({ code: 0 });
    expect(await backups()).toHaveLength(1);
  });

  test('a failure after a migration that holds prints the way back, and takes it not by itself', async () => {
    await write({ ...FILES, ...BROKEN });
    const failed = await run('migrate up --backup');
    expect(failed.code).toBe(1);
    const [made] = await backups();
    expect(failed.stderr).toContain(`tidemark backup restore ${made?.id} --url `);
    const shown = JSON.parse((await run(`backup show ${made?.id} --json`)).stdout).result;
    // Retention keeps it as long as the database stands where the run leads.
    expect(shown.manifest.trigger).toEqual({ kind: 'pre-migration', migration: '3' });
    expect(await names()).toEqual(['ann']);
  });

  test('a failure that left nothing says that there is nothing to restore', async () => {
    await write(BROKEN);
    const failed = await run('migrate up --backup --restore-on-failure');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('there is nothing to restore');
    expect(failed.stderr).not.toContain('backup restore');
    expect(await names()).toEqual(['ann', 'bob']);
    expect(await backups()).toHaveLength(1);
  });

  test('--restore-on-failure brings the database back to before the run', async () => {
    await write({ ...FILES, ...BROKEN });
    const failed = await run('migrate up --backup --restore-on-failure --json');
    expect(failed.code).toBe(1);
    const { error } = JSON.parse(failed.stdout);
    expect(error.code).toBe('migration-failed');
    expect(error.details.restored).toMatchObject({ mode: 'swap', heads: ['1'] });
    // What stayed applied of the run does so no longer.
    expect(error.hints).toEqual([
      expect.stringMatching(/was restored: the database is what it was before this run\. .* is kept as /),
      expect.stringContaining('Correct the file or the data'),
    ]);
    expect(await names()).toEqual(['ann', 'bob']);
    const status = JSON.parse((await run('migrate status --json')).stdout).result;
    expect(status).toMatchObject({ current: ['1'], pending: 2 });
  });

  test('a backup that fails stops the run before it changes anything', async () => {
    await write(FILES);
    writeFileSync(join(cwd, 'backups'), 'a file in the way');
    const failed = await run('migrate up --backup');
    expect(failed.code).toBe(1);
    expect(await names()).toEqual(['ann', 'bob']);
    rmSync(join(cwd, 'backups'));
    expect(JSON.parse((await run('migrate history --log --json')).stdout).result.log).toHaveLength(3);
  });

  test('killed between backup and migration: the backup is whole, nothing was changed, the next run goes on', async () => {
    await write(FILES);
    const hook = ['sh', '-c', 'kill -9 $PPID'];
    writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify({ backup: { hooks: { after: hook } } }));
    const words = [main, 'migrate', 'up', '--backup', '--url', url];
    const child = spawn(process.execPath, words, { cwd, stdio: 'ignore' });
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
    rmSync(join(cwd, 'tidemark.config.json'));
    expect(await names()).toEqual(['ann', 'bob']);
    const [killed] = await backups();
    expect(await run(`backup verify ${killed?.id} --level 2`)).toMatchObject({ code: 0 });
    expect(await run('migrate up --backup')).toMatchObject({ code: 0 });
    expect(await names()).toEqual(['ann']);
    expect(await backups()).toHaveLength(2);
  });
});

describe('what --backup refuses', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'tidemark-up-backup-'));
    mkdirSync(join(cwd, 'migrations'));
  });
  afterEach(() => rmSync(cwd, { recursive: true, force: true }));
  const run = (line: string) => inProcess(line.split(' '), { cwd });

  test('a restore without a backup, and a script', async () => {
    expect(await run('migrate up --restore-on-failure --url sqlite:app.db')).toMatchObject({ code: 2 });
    expect(await run('migrate up --backup --sql --url sqlite:app.db')).toMatchObject({ code: 2 });
    expect(existsSync(join(cwd, 'app.db'))).toBe(false);
  });

  test('a restore over production that nobody has agreed to', async () => {
    const config = { environments: { production: { url: 'sqlite:app.db' } } };
    writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify(config));
    writeFileSync(join(cwd, 'migrations/1_a.sql'), 'CREATE TABLE a (id int);');
    await hashFolder(join(cwd, 'migrations'));
    const refused = await run('migrate up --backup --restore-on-failure --env production');
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('--yes') });
    expect(existsSync(join(cwd, 'backups'))).toBe(false);
    const agreed = await run('migrate up --backup --restore-on-failure --env production --yes');
    expect(agreed).toMatchObject({ code: 0 });
    // The file was new: there was nothing in it to back up.
    expect(agreed.stdout).not.toContain('backed up');
    expect(readdirSync(cwd)).not.toContain('backups');
  });
});
