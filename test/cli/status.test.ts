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
});
