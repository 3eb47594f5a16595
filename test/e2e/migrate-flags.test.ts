import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tidemark } from '../support/cli.js';
import { describeEachServer, freshDatabase, type TestServer } from '../support/postgres-server.js';

// The flags of `migrate up` by the command line, on SQLite and on the newest real server.

vi.setConfig({ testTimeout: 120_000 });

describe('migrate up on SQLite', () => flags());
describeEachServer('migrate up', flags, { newest: true });

function flags(server?: TestServer): void {
  let cwd: string;
  let url: string;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'tidemark-flags-'));
    mkdirSync(join(cwd, 'migrations'));
    ({ url, drop } = server
      ? await freshDatabase(server)
      : { url: `sqlite:${join(cwd, 'app.db')}`, drop: async () => {} });
    await must('db create');
  });
  afterEach(async () => {
    await drop();
    rmSync(cwd, { recursive: true, force: true });
  });

  const run = (line: string) => tidemark(line.split(' '), { cwd, env: { DATABASE_URL: url } });

  /** Runs what has to succeed and gives what it says. */
  async function must(line: string): Promise<string> {
    const { code, stdout, stderr } = await run(line);
    expect({ code, stderr: code === 0 ? '' : stderr }, line).toEqual({ code: 0, stderr: '' });
    return stdout;
  }

  async function json(line: string) {
    const { code, stdout } = await run(`${line} --json`);
    return { code, ...JSON.parse(stdout) };
  }

  async function put(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, 'migrations', name), text);
    await must('migrate hash');
  }

  const shell = (sql: string) =>
    tidemark(['db', 'shell', '--json', '-c', sql], { cwd, env: { DATABASE_URL: url } });
  async function rows(sql: string): Promise<unknown> {
    return JSON.parse((await shell(sql)).stdout).result.statements[0].rows;
  }

  test('--out-of-order also runs what came in before applied ones', async () => {
    await put({ '1_a.sql': 'CREATE TABLE a (x integer);', '3_c.sql': 'CREATE TABLE c (x integer);' });
    await must('migrate up');
    await put({ '2_b.sql': 'CREATE TABLE b (x integer);' });
    const refused = await json('migrate up');
    expect(refused).toMatchObject({ code: 4, error: { code: 'out-of-order' } });
    expect(refused.error.message).toContain('2_b.sql');
    expect(refused.error.hints.join()).toContain('--out-of-order');
    expect((await json('migrate status')).result).toMatchObject({
      pending: 1,
      migrations: [{ state: 'applied' }, { state: 'pending', outOfOrder: true }, { state: 'applied' }],
    });
    const { result } = await json('migrate up --out-of-order');
    expect(result.steps).toMatchObject([{ revision: '2' }]);
    expect(await rows('SELECT * FROM b')).toEqual([]);
    await must('migrate status --check');
  });

  test('--baseline takes a database as it is, and only what comes after is run', async () => {
    await shell('CREATE TABLE users (id integer PRIMARY KEY)');
    await shell('INSERT INTO users VALUES (7)');
    await put({
      '1_users.sql': 'CREATE TABLE users (id integer PRIMARY KEY);',
      '2_teams.sql': 'CREATE TABLE teams (id integer PRIMARY KEY);',
    });
    const refused = await json('migrate up');
    expect(refused).toMatchObject({ code: 4, ok: false });
    expect(refused.error.message).toContain('users');
    expect(refused.error.hints.join()).toMatch(/--baseline.*--allow-dirty/s);

    expect(await json('migrate up --baseline nowhere')).toMatchObject({ code: 2 });
    const { result } = await json('migrate up --baseline 1');
    expect(result).toMatchObject({ baselined: ['1'], steps: [{ revision: '2' }], after: ['2'] });
    expect(await rows('SELECT id FROM users')).toEqual([{ id: 7 }]);
    expect((await json('migrate history')).result.migrations).toMatchObject([
      { revision: '1', origin: 'baseline' },
      { revision: '2', origin: 'run' },
    ]);
    expect((await json('migrate up --baseline 1')).result).toMatchObject({ baselined: [], steps: [] });
    await put({ '3_more.sql': 'CREATE TABLE more (id integer PRIMARY KEY);' });
    expect(await json('migrate up --baseline 3')).toMatchObject({
      code: 4,
      error: { code: 'baseline-late' },
    });
  });

  test('--allow-dirty runs beside tables that are somebody else’s', async () => {
    await shell('CREATE TABLE legacy (id integer)');
    await put({ '1_users.sql': 'CREATE TABLE users (id integer PRIMARY KEY);' });
    expect(await json('migrate up')).toMatchObject({
      code: 4,
      error: { message: expect.stringContaining('legacy') },
    });
    await must('migrate up --allow-dirty');
    expect(await rows('SELECT * FROM legacy')).toEqual([]);
    expect(await rows('SELECT * FROM users')).toEqual([]);
    await must('migrate up');
  });

  test('--lock-timeout: who waits too short is refused with the name of who works, who waits longer goes on', async () => {
    await put({
      '1_slow.ts': `import { existsSync, writeFileSync } from 'node:fs';
        export async function upgrade(db) {
          await db.execute('CREATE TABLE slow (x integer)');
          writeFileSync('begun', String(process.pid));
          while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 10));
        }`,
    });
    let ended = false;
    const working = run('migrate up').finally(() => {
      ended = true;
    });
    while (!existsSync(join(cwd, 'begun')) && !ended) await sleep(10);

    const refused = await json('migrate up --lock-timeout 50ms');
    expect(refused).toMatchObject({ code: 4, error: { code: 'locked' } });
    // A server names its own process; who has a file locked only Linux tells.
    const holder = server ? String.raw`\d+` : readFileSync(join(cwd, 'begun'), 'utf8');
    if (server || process.platform === 'linux')
      expect(refused.error.message).toMatch(new RegExp(`process ${holder}\\b`));
    expect(await json('migrate down base --lock-timeout 50ms')).toMatchObject({
      code: 4,
      error: { code: 'locked' },
    });

    const waiting = json('migrate up --lock-timeout 2m');
    writeFileSync(join(cwd, 'go'), '');
    expect(await working).toMatchObject({ code: 0 });
    expect(await waiting).toMatchObject({ code: 0, result: { steps: [], after: ['1'] } });
    expect(await rows('SELECT * FROM slow')).toEqual([]);
  });
}
