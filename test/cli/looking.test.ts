import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { isMissing } from '../../src/database/missing-database.js';
import { openProject } from '../../src/library/open-project.js';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-looking-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string, env: Record<string, string> = {}) => inProcess(line.split(' '), { cwd, env });

/** A project whose database nobody has made yet, with one migration. */
async function freshClone(url: string): Promise<void> {
  writeFileSync(join(cwd, 'schema.sql'), 'CREATE TABLE t (id integer PRIMARY KEY);\n');
  expect((await run(`migrate diff first --url ${url}`)).code).toBe(0);
}

describe.each(['sqlite:data/app.db', 'pglite:data/app'])('looking at %s, which is not there', (url) => {
  const there = () => existsSync(join(cwd, 'data'));

  it('finds everything pending, and makes nothing', async () => {
    await freshClone(url);
    const status = await run(`migrate status --url ${url}`);
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/data\/app\S* is at base: 0 applied, 1 pending/);
    expect(status.stderr).toMatch(/^warning: there is no database at \S+data\/app\S* yet\n$/);
    expect((await run(`migrate status --check --url ${url}`)).code).toBe(3);
    expect(await run(`migrate history --url ${url}`)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('pending'),
    });
    expect(await run(`migrate up --dry-run --url ${url}`)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('CREATE TABLE t'),
    });
    expect(await run(`migrate up --sql --url ${url}`)).toMatchObject({ code: 0 });
    expect(await run(`status --url ${url}`)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('the database is what its migrations made of it'),
    });
    expect(await run(`schema apply --dry-run --url ${url}`)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('CREATE TABLE t'),
    });
    const shown = JSON.parse((await run(`migrate show head --json --url ${url}`)).stdout);
    expect(shown.result).toMatchObject({ state: null });
    expect(there()).toBe(false);
  });

  it('is an error for what needs one', async () => {
    await freshClone(url);
    for (const line of [
      `schema inspect --url ${url}`,
      `schema inspect ${url}`,
      `schema diff --url ${url}`,
      `schema diff --from ${url} --to schema.sql`,
      `db reset --dry-run --url ${url}`,
      `db reset --yes --url ${url}`,
      `migrate down --url ${url}`,
    ]) {
      const { code, stdout, stderr } = await run(line);
      expect({ line, code, stdout }).toEqual({ line, code: 1, stdout: '' });
      expect(stderr).toMatch(/^error: there is no database at \S+data\/app/);
      expect(stderr).toContain('tidemark db create');
    }
    expect(there()).toBe(false);
  });

  it('is a finding of db check', async () => {
    const { code, stdout } = await run(`db check --url ${url}`);
    expect(code).toBe(3);
    expect(stdout).toMatch(/cannot be used: there is no database at/);
    expect(stdout).toContain('tidemark db create');
    const { result } = JSON.parse((await run(`db check --json --url ${url}`)).stdout);
    expect(result).toMatchObject({ reachable: false, error: { details: { reason: 'no-database' } } });
    expect(there()).toBe(false);
  });
});

it('the library looks without making anything, too', async () => {
  await freshClone('sqlite:app.db');
  const project = await openProject({ folder: cwd, url: 'sqlite:app.db' });
  expect(await project.migrate.status()).toMatchObject({ current: [], pending: 1 });
  const { problems } = await project.database.check({ require: [{ kind: 'table', name: 't' }] });
  expect(problems).toEqual([expect.stringMatching(/^there is no database at/), 'table:t does not exist']);
  expect(readdirSync(cwd)).not.toContain('app.db');
  await project.migrate.up();
  expect(await project.migrate.status()).toMatchObject({ pending: 0 });
  expect((await project.database.check()).problems).toEqual([]);
  await project.close();
});

it('a folder is missing until it holds a database, or something else', () => {
  const missing = (url: string) => isMissing(parseDatabaseUrl(url, { folder: cwd }));
  expect(missing('pglite:p')).toBe(true);
  mkdirSync(join(cwd, 'p'));
  writeFileSync(join(cwd, 'p', 'tidemark.lock'), '');
  expect(missing('pglite:p')).toBe(true);
  writeFileSync(join(cwd, 'p', 'notes.txt'), '');
  expect(missing('pglite:p')).toBe(false);
  writeFileSync(join(cwd, 'p', 'tidemark.unfinished'), '');
  expect(missing('pglite:p')).toBe(true);
  writeFileSync(join(cwd, 'p', 'PG_VERSION'), '18');
  expect(missing('pglite:p')).toBe(false);
  for (const url of ['pglite:memory', 'sqlite:memory', 'postgres://h/d']) expect(missing(url)).toBe(false);
});

describe('a migrations folder that is not there', () => {
  const commands = ['up', 'down', 'status --check', 'history', 'show head', 'validate', 'hash'];

  it.each(commands)('migrate %s refuses one that was named', async (command) => {
    const refused = {
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^error: there is no migrations folder \S+nowhere\n/),
    };
    expect(await run(`migrate ${command} --migrations nowhere --url sqlite:memory`)).toMatchObject(refused);
    writeFileSync(join(cwd, 'tidemark.config.json'), '{ "migrations": "nowhere", "url": "sqlite:memory" }');
    expect(await run(`migrate ${command}`)).toMatchObject(refused);
    expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
  });

  it('is a state that cannot be read when it was named', async () => {
    expect(await run('schema diff --from migrations:nowhere --to empty')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no migrations folder'),
    });
  });

  it('is an empty one when nobody named it', async () => {
    expect(await run('migrate status --check --url sqlite:memory')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('there are no migrations yet'),
    });
  });

  it.each(['diff first', 'new first'])('migrate %s makes it', async (command) => {
    writeFileSync(join(cwd, 'schema.sql'), 'CREATE TABLE t (id integer);\n');
    const { code } = await run(`migrate ${command} --migrations m/n --url sqlite:app.db`);
    expect(code).toBe(0);
    expect(readdirSync(join(cwd, 'm/n'))).toContain('tidemark.sum');
  });
});

it('migrate show says that the reverse of a program is in the same file', async () => {
  mkdirSync(join(cwd, 'migrations'));
  const both = `import type { MigrationDatabase } from 'tidemark';

export async function upgrade(db: MigrationDatabase): Promise<void> {
  await db.execute('CREATE TABLE t (id integer)');
}

export async function downgrade(db: MigrationDatabase): Promise<void> {
  await db.execute('DROP TABLE t');
}
`;
  writeFileSync(join(cwd, 'migrations/1000_both.ts'), both);
  writeFileSync(join(cwd, 'migrations/2000_one.ts'), 'export const upgrade = () => undefined;\n');
  await run('migrate hash');
  expect((await run('migrate show 1000')).stdout).toContain('-- down\n(downgrade, in the same file)');
  expect((await run('migrate show 2000')).stdout).toContain('-- down\n(none)');
  const { result } = JSON.parse((await run('migrate show 1000 --json')).stdout);
  expect(result).toMatchObject({ down: 'file', downText: null, up: both });
});
