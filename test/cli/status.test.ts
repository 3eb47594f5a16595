import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-status-'));
  mkdirSync(join(cwd, 'migrations'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string) => inProcess([...line.split(' '), '--url', 'sqlite:app.db'], { cwd });

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  await run('migrate hash');
}

describe('status', () => {
  it('calls what a half applied migration did no drift', async () => {
    const first = '-- tidemark:transaction none\nCREATE TABLE a (id INTEGER);\n';
    await write({
      'schema.sql': 'CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER);',
      'migrations/1_ab.sql': `${first}CREATE TABLE b (id INTEGER); INSERT INTO b VALUES (nowhere);`,
    });
    expect((await run('migrate up')).code).toBe(1);
    await write({ 'migrations/1_ab.sql': `${first}CREATE TABLE b (id INTEGER);INSERT INTO b VALUES (1);` });
    const half = await run('status');
    expect(half.stdout).toContain('half applied (2/3)');
    expect(half.stdout).toContain('drift cannot be told until 1 is finished');
    expect(half.stdout).not.toContain('changed by hand');
    expect(JSON.parse((await run('status --json')).stdout).result.drift).toBeNull();

    expect(await run('migrate up')).toMatchObject({ code: 0 });
    expect((await run('status')).stdout).toContain('the database is what its migrations made of it');
  });

  it('tells the way out of a problem, once for all of a kind', async () => {
    await write({ 'schema.sql': '', 'migrations/1_a.sql': 'SELECT 1;', 'migrations/3_c.sql': 'SELECT 3;' });
    await run('migrate up');
    await write({ 'migrations/2_b.sql': 'SELECT 2;' });
    expect((await run('migrate status')).stdout).toMatch(
      /problem: 2_b\.sql comes before .*\n {2}tidemark migrate rebase moves it behind them/,
    );
    expect((await run('migrate up')).stderr).toContain('"tidemark migrate rebase"');
    for (const name of ['1_a', '3_c']) writeFileSync(join(cwd, `migrations/${name}.sql`), 'SELECT 0;');
    const { stdout } = await run('migrate status');
    expect(stdout).toMatch(/problem: 1_a.*\nproblem: 3_c.*\n {2}done on purpose: tidemark migrate hash/);
    expect(stdout.match(/done on purpose/g)).toHaveLength(1);
  });

  it('names a strange table once, and says where the history of an older database comes from', async () => {
    await write({ 'schema.sql': '', 'migrations/1_a.sql': 'CREATE TABLE a (id INTEGER PRIMARY KEY);' });
    const shell = (sql: string) => inProcess(['db', 'shell', '-c', sql, '--url', 'sqlite:app.db'], { cwd });
    expect(await shell('CREATE TABLE a (id INTEGER PRIMARY KEY)')).toMatchObject({ code: 0 });
    const before = await run('status');
    expect(before.stdout).toMatch(/no migration here has made.*stamp.*:\n {2}create table a\n$/);
    expect(before.stdout).not.toContain('changed by hand');

    await run('migrate stamp head');
    const more = Array.from({ length: 20 }, (_, index) => `CREATE TABLE more${index} (id INTEGER);`).join(
      ' ',
    );
    const stray = 'CREATE TABLE stray (id INTEGER PRIMARY KEY, name TEXT); ALTER TABLE a ADD COLUMN b TEXT;';
    expect(await shell(`${stray} ${more}`)).toMatchObject({ code: 0 });
    const { stdout } = await run('status');
    expect(stdout).toMatch(/changed by hand:\n {2}create column a\.b\n/);
    expect(stdout).toContain('and 2 more (--json has all)');
    const { drift } = JSON.parse((await run('status --json')).stdout).result;
    expect(drift).toHaveLength(22);
    expect(drift.filter((line: string) => line.includes('stray'))).toEqual(['create table stray']);
  });

  it('tells drift, and a schema that differs from the migrations in whichever direction', async () => {
    await write({
      'schema.sql': 'CREATE TABLE a (id INTEGER);',
      'migrations/1_ab.sql': 'CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER);',
    });
    await run('migrate up');
    const { stdout } = await run('status');
    expect(stdout).toContain('the schema and the migrations differ (tidemark migrate diff NAME');
    expect(stdout).toContain('the database is what its migrations made of it');
    await write({ 'migrations/2_c.sql': 'DROP TABLE b;' });
    expect((await run('status')).stdout).toContain('the migrations lead to the schema');
  });

  it('knows what several branches make of the database', async () => {
    await write({
      'schema.sql': 'CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER); CREATE TABLE c (id INTEGER);',
      'migrations/1_a.sql': 'CREATE TABLE a (id INTEGER);',
      'migrations/2_b.sql': '-- tidemark:parent 1\nCREATE TABLE b (id INTEGER);',
      'migrations/3_c.sql': '-- tidemark:parent 1\n-- tidemark:branch c\nCREATE TABLE c (id INTEGER);',
      'migrations/3_c.down.sql': 'DROP TABLE c;',
    });
    await run('migrate up heads');
    expect(await run('status --check')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('the database is what its migrations made of it'),
    });
    await run('migrate down c@1');
    const { stdout } = await run('status');
    expect(stdout).toContain('branch c: not begun, head 3');
    expect(stdout).toContain('the database is what its migrations made of it');
    rmSync(join(cwd, 'migrations/2_b.sql'));
    await run('migrate hash');
    expect((await run('status')).stdout).toContain('drift cannot be told');
  });
});
