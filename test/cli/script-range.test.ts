import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-range-'));
  mkdirSync(join(cwd, 'migrations'));
  const files = {
    '1000_users.sql': 'CREATE TABLE users (id INTEGER);',
    '1000_users.down.sql': 'DROP TABLE users;',
    '2000_posts.sql': 'CREATE TABLE posts (id INTEGER);',
    '2000_posts.down.sql': 'DROP TABLE posts;',
    '3000_fill.ts': 'export async function upgrade() {}\nexport async function downgrade() {}\n',
    '4000_tags.sql': '-- tidemark:branch tags\nCREATE TABLE tags (id INTEGER);',
    '4000_tags.down.sql': 'DROP TABLE tags;',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, 'migrations', name), text);
  await run('migrate hash');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string) => inProcess(line.split(' '), { cwd });
/** Nobody listens there. */
const server = '--url postgres://nobody@127.0.0.1:1/none';

describe('a script for a range', () => {
  it('needs no database, in the words of the engine that the address names', async () => {
    const postgres = await run(`migrate up --sql base:2000 ${server}`);
    expect(postgres).toMatchObject({ code: 0, stderr: '' });
    expect(postgres.stdout).toMatch(/^-- Run this with psql -f FILE/);
    expect(postgres.stdout).toContain('CREATE TABLE posts');
    expect(postgres.stdout).toContain('CREATE TABLE tidemark.revision');
    const sqlite = await run('migrate up --sql 1000:2000 --url sqlite:app.db');
    expect(sqlite.stdout).toMatch(/^-- Run this with sqlite3 DATABASE < FILE/);
    expect(sqlite.stdout).not.toContain('CREATE TABLE users');
    expect(sqlite.stdout).not.toContain('CREATE TABLE tidemark_revision');
    expect(existsSync(join(cwd, 'app.db'))).toBe(false);
    const none = await run('migrate down --sql 2000:1000');
    expect(none.stdout).toContain('DROP TABLE posts');
    const json = JSON.parse((await run(`migrate stamp --sql 1000:tags --json ${server}`)).stdout);
    expect(json.result).toMatchObject({
      before: ['1000'],
      after: ['4000'],
      added: { length: 3 },
      dryRun: true,
    });
  });

  it.each([
    [`migrate up 1000:2000 ${server}`, 'a run begins where the database is'],
    [`migrate down 2000:1000 ${server}`, 'a run begins where the database is'],
    [`migrate stamp 1000:2000 ${server}`, 'a run begins where the database is'],
    [`migrate up --sql current:head ${server}`, 'counted from where a database is'],
    [`migrate up --sql -1:head ${server}`, 'counted from where a database is'],
    [`migrate up --sql 1000:2000:4000 ${server}`, 'is not a range'],
    [`migrate stamp --sql 1000:2000 tags ${server}`, 'stands with other targets'],
    [`migrate up --sql 1000:2000 --baseline 1000 ${server}`, '--baseline is for a database'],
    [`migrate up --sql 9999:head ${server}`, 'there is no revision "9999"'],
    [`migrate down --sql 1000:2000 ${server}`, 'is not applied'],
  ])('%s: exit code 2', async (line, words) => {
    const { code, stdout, stderr } = await run(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(words);
  });

  it('says which file is a program, and goes around it', async () => {
    const { code, stdout, stderr } = await run(`migrate up --sql base:head ${server}`);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toContain('3000_fill.ts is a program: no SQL script can hold it');
    expect(stderr).toContain('FROM:TO');
    expect((await run(`migrate up --sql 3000:head ${server}`)).stdout).toContain('CREATE TABLE tags');
    expect((await run(`migrate down --sql head:3000 ${server}`)).stdout).toContain('DROP TABLE tags');
    // Nothing of it is run.
    expect((await run(`migrate stamp --sql base:head ${server}`)).code).toBe(0);
  });

  it('writes no file when it cannot be made, and leaves nothing beside the one it writes', async () => {
    await run(`migrate up --sql base:head --output up.sql ${server}`);
    expect(existsSync(join(cwd, 'up.sql'))).toBe(false);
    expect(await run(`migrate up --sql base:2000 --output up.sql ${server}`)).toMatchObject({
      code: 0,
      stdout: 'wrote up.sql\n',
    });
    expect(readdirSync(cwd).sort()).toEqual(['migrations', 'up.sql']);
    const printed = (await run(`migrate up --sql base:2000 ${server}`)).stdout;
    const once = (text: string) => text.replaceAll(/'[0-9a-f-]{36}'/g, 'RUN');
    expect(once(readFileSync(join(cwd, 'up.sql'), 'utf8'))).toBe(once(printed.replace(/\n\n$/, '\n')));
  });
});

it('a revision without a file is taken down after a warning', async () => {
  const url = '--url sqlite:app.db';
  await run(`migrate up ${url}`);
  for (const name of ['4000_tags.sql', '4000_tags.down.sql']) rmSync(join(cwd, 'migrations', name));
  await run('migrate hash');
  const refused = await run(`migrate up ${url}`);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('"tidemark migrate down 3000"');
  const { code, stderr } = await run(`migrate down 3000 ${url}`);
  expect(code).toBe(0);
  expect(stderr).toContain('4000_tags has no file any more: using the text kept in the database');
  expect((await run(`migrate up 1000 ${url}`)).stdout).toContain('nothing to apply');
});
