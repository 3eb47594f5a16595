import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/database/open-database.js';
import { tidemark } from '../support/cli.js';

vi.setConfig({ testTimeout: 120_000 });

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-sqlite-project-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (...args: string[]) => tidemark(args, { cwd, env: { DATABASE_URL: 'sqlite:data/app.db' } });

/** Runs what has to succeed and gives what it says. */
async function must(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function json(
  ...args: string[]
): Promise<{ result: Record<string, unknown>; error?: { code: string } }> {
  return JSON.parse((await run(...args, '--json')).stdout);
}

async function ask(sql: string) {
  const database = await openDatabase({
    engine: 'sqlite',
    adapter: 'sqlite',
    path: join(cwd, 'data', 'app.db'),
  });
  try {
    return await database.query(sql);
  } finally {
    await database.close();
  }
}

test('a project from nothing: create, diff, up, check, shell, down, reset', async () => {
  expect((await run('migrate', 'status')).stdout).toContain('is at base: 0 applied, 0 pending');
  const early = await run('migrate', 'up');
  expect(early.code).toBe(1);
  expect(early.stderr).toContain('the folder');
  expect(early.stderr).toContain('tidemark db create');
  expect(existsSync(join(cwd, 'data'))).toBe(false);
  expect(await must('db', 'create')).toContain('created sqlite:');
  expect(await must('db', 'create')).toContain('is there already');

  const schema = (type: string) => `CREATE TABLE users (id INTEGER PRIMARY KEY, name ${type} NOT NULL);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER REFERENCES users (id) ON DELETE CASCADE);
CREATE VIEW names AS SELECT name FROM users;\n`;
  writeFileSync(join(cwd, 'schema.sql'), schema('TEXT'));
  await must('migrate', 'diff', 'initial');
  await must('migrate', 'up');
  await must(
    'db',
    'shell',
    '-c',
    "INSERT INTO users VALUES (1, 'a')",
    '-c',
    'INSERT INTO posts VALUES (1, 1)',
  );

  writeFileSync(join(cwd, 'schema.sql'), schema('VARCHAR(20)'));
  await must('migrate', 'diff', 'names_are_short');
  expect(await must('migrate', 'up', '--sql')).toContain('.bail on');
  await must('migrate', 'up');
  expect(await ask('SELECT * FROM posts')).toEqual([{ id: 1, author: 1 }]);
  expect((await json('migrate', 'status')).result).toMatchObject({ pending: 0, problems: [] });
  expect(await must('schema', 'diff')).toBe('');

  expect(await must('db', 'check', '--require', 'table:posts')).toContain('fit for migrations');
  const check = await run('db', 'check', '--require', 'table:nowhere');
  expect([check.code, check.stdout]).toEqual([3, expect.stringContaining('table:nowhere does not exist')]);

  const shell = await run('db', 'shell', '--no-psql', '-c', 'SELECT name FROM names');
  expect(shell.stdout).toContain('(1 row)');
  const big = await json('db', 'shell', '-c', 'SELECT 9223372036854775807 AS big');
  expect(big.result).toMatchObject({ statements: [{ rows: [{ big: '9223372036854775807' }] }] });
  const wrong = await json('db', 'shell', '-c', 'SELECT * FRM users');
  expect(wrong.error).toMatchObject({ code: 'sql-syntax' });

  await must('migrate', 'down', 'base');
  expect(
    await ask(`SELECT name FROM sqlite_schema WHERE name NOT LIKE 'tidemark%' AND name NOT LIKE 'sqlite%'`),
  ).toEqual([]);
  await must('migrate', 'up');
  expect(await run('db', 'reset')).toMatchObject({ code: 4 });
  expect(await must('db', 'reset', '--dry-run')).toContain('table users');
  await must('db', 'reset', '--yes');
  expect(await ask(`SELECT name FROM sqlite_schema WHERE name <> 'sqlite_sequence'`)).toEqual([]);
  expect(readdirSync(join(cwd, 'data'))).toEqual(['app.db']);
});

test.each([
  ['schema', 'apply', '--yes'],
  ['migrate', 'up'],
])('what stops %s %s is said once, with the rows to look at', async (...command) => {
  await must('db', 'create');
  writeFileSync(join(cwd, 'schema.sql'), 'CREATE TABLE a (x INTEGER, y TEXT);\n');
  await must('migrate', 'diff', 'first');
  await must('migrate', 'up');
  await must('db', 'shell', '-c', 'INSERT INTO a VALUES (1, NULL)', '--no-psql');
  writeFileSync(join(cwd, 'schema.sql'), 'CREATE TABLE a (x INTEGER, y TEXT NOT NULL);\n');
  await must('migrate', 'diff', 'filled');
  const { code, stderr } = await run(...command);
  expect(code).toBe(1);
  expect(stderr.match(/.*See them with.*/g)).toEqual([
    'hint: See them with: SELECT * FROM a WHERE y IS NULL',
  ]);
  expect(stderr).not.toMatch(/server hint|suggests/);
});

test('what an error in SQL looks like: the file, the line and a caret', async () => {
  await must('db', 'create');
  writeFileSync(
    join(cwd, 'schema.sql'),
    'CREATE TABLE a (x);\nCREATE TABLE b (\n  y INTEGER PRIMARY KY\n);\n',
  );
  const { code, stderr } = await run('migrate', 'diff', 'initial');
  expect(code).toBe(1);
  expect(stderr).toContain('schema.sql:3:21');
  expect(stderr).toMatch(/\^/);
  expect(existsSync(join(cwd, 'migrations'))).toBe(false);
});

const schemaIs = (text: string) => writeFileSync(join(cwd, 'schema.sql'), text);
const USERS = 'CREATE TABLE users (\n  id INTEGER PRIMARY KEY,\n  nick TEXT\n);\n';

test('a rename is answered by a flag or a comment, keeps the rows, and is never guessed', async () => {
  await must('db', 'create');
  schemaIs(USERS);
  await must('migrate', 'diff', 'initial');
  await must('migrate', 'up');
  await must('db', 'shell', '-c', "INSERT INTO users VALUES (1, 'ada')");
  const renamed = USERS.replace('nick', 'nickname');
  schemaIs(renamed);

  const refused = await run('migrate', 'diff', 'rename');
  expect(refused.code).toBe(4);
  for (const way of ['--rename users.nick=nickname', '-- tidemark:renamed-from nick', '--not-renamed'])
    expect(refused.stderr).toContain(way);
  const flag = await must('migrate', 'diff', 'rename', '--dry-run', '--rename', 'users.nick=nickname');
  expect(flag).toContain('ALTER TABLE users RENAME COLUMN nick TO nickname');
  expect(await must('schema', 'diff', '--rename', 'users.nick=nickname')).toContain('RENAME COLUMN');
  expect(await must('migrate', 'diff', 'rename', '--dry-run', '--not-renamed', 'users.nick')).toContain(
    'DROP COLUMN nick',
  );
  schemaIs(renamed.replace('nickname TEXT', 'nickname TEXT -- tidemark:renamed-from nick'));
  expect(await must('migrate', 'diff', 'rename', '--dry-run')).toBe(flag);

  await must('migrate', 'diff', 'rename', '--rename', 'users.nick=nickname');
  await must('migrate', 'up');
  expect(await ask('SELECT nickname FROM users')).toEqual([{ nickname: 'ada' }]);
  await must('migrate', 'down');
  expect(await ask('SELECT nick FROM users')).toEqual([{ nick: 'ada' }]);
});

test('without migrations: schema apply asks for consent and converges, inspect gives what makes it again', async () => {
  await must('db', 'create');
  schemaIs(`${USERS}CREATE INDEX by_nick ON users (nick) WHERE nick <> '';\n`);
  expect(await run('schema', 'apply')).toMatchObject({ code: 4, stderr: expect.stringContaining('--yes') });
  expect(await ask('SELECT name FROM sqlite_schema')).toEqual([]);
  await must('schema', 'apply', '--yes');
  await must('db', 'shell', '-c', "INSERT INTO users VALUES (1, 'ada')");
  expect(await must('schema', 'diff', '--check')).toBe('');

  writeFileSync(join(cwd, 'copy.sql'), await must('schema', 'inspect'));
  expect(await must('schema', 'diff', '--from', 'copy.sql', '--to', 'schema.sql', '--check')).toBe('');
  const facts = JSON.parse(await must('schema', 'inspect', '--format', 'json'));
  expect(facts.objects.map(({ id }: { id: string }) => id)).toContain('index:by_nick');

  schemaIs('CREATE TABLE users (id INTEGER PRIMARY KEY, age INTEGER NOT NULL DEFAULT 7);\n');
  expect((await run('schema', 'diff', '--check')).code).toBe(3);
  const refused = await run('schema', 'apply', '--yes', '--not-renamed', 'users.nick');
  expect(refused).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('--allow drop-column:users.nick'),
  });
  expect(await ask('SELECT nick FROM users')).toEqual([{ nick: 'ada' }]);
  await must('schema', 'apply', '--yes', '--allow', 'all');
  expect(await ask('SELECT * FROM users')).toEqual([{ id: 1, age: 7 }]);
  expect(await must('schema', 'apply', '--yes')).toContain('nothing to do');
});

test('migrations by hand: new, hash, up, history, show', async () => {
  await must('db', 'create');
  expect(await must('migrate', 'new', 'add users')).toMatch(
    /wrote migrations\/\d{14}_add_users\.sql and .*down\.sql/,
  );
  const [down, up] = readdirSync(join(cwd, 'migrations')).sort() as [string, string];
  writeFileSync(join(cwd, 'migrations', up), USERS);
  expect(await run('migrate', 'up')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('tidemark migrate hash'),
  });
  expect(await must('migrate', 'hash')).toContain(`edited   ${up}`);
  expect(await must('migrate', 'hash')).toContain('nothing changed');
  writeFileSync(join(cwd, 'migrations', down), 'DROP TABLE nobody;\n');
  await must('migrate', 'hash');
  await must('migrate', 'up');
  expect((await run('migrate', 'down')).stderr).toContain(`${down}:1`);

  const revision = up.slice(0, 14);
  expect(await must('migrate', 'history')).toMatch(
    new RegExp(`base -> ${revision} add_users \\(head\\) \\(current\\)  applied`),
  );
  expect(await must('migrate', 'history', '--log')).toMatch(
    new RegExp(`up ${revision} done.*down ${revision} failed at statement 1: no such table: nobody`, 's'),
  );
  const shown = await must('migrate', 'show', 'head');
  expect(shown).toMatch(new RegExp(`revision +${revision} \\(head\\)\n`));
  expect(shown).toMatch(/state +applied at \d{4}-/);
  expect(shown).toContain(USERS.trim());
  expect(shown).toContain('DROP TABLE nobody;');
});
