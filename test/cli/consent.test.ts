import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDirectives } from '../../src/migrations/directives.js';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-consent-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const schema = (sql: string) => writeFileSync(join(cwd, 'schema.sql'), sql);
const files = () => readdirSync(join(cwd, 'migrations'));
const newestUp = () => {
  const file = files()
    .filter((name) => /(?<!\.down)\.sql$/.test(name))
    .at(-1)!;
  return readFileSync(join(cwd, 'migrations', file), 'utf8');
};

describe.each(['sqlite:app.db', 'pglite:app'])('migrate diff on %s', (url) => {
  const run = (...words: string[]) => inProcess([...words, '--url', url], { cwd });

  it('writes nothing that loses data until it is allowed, and writes down what was', async () => {
    schema(
      'CREATE TABLE users (id integer PRIMARY KEY, nickname text, "o\'dd na.me" text); CREATE TABLE logs (id integer);',
    );
    expect(await run('migrate', 'diff', 'initial')).toMatchObject({ code: 0 });
    schema('CREATE TABLE users (id integer PRIMARY KEY);');
    const before = files();

    const refused = await run('migrate', 'diff', 'cleanup', '--allow', 'drop-column:users.nickname');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('2 steps lose data');
    expect(refused.stderr).toContain(`--allow 'drop-column:users.o'\\''dd na.me'`);
    expect(refused.stderr).not.toContain('--allow drop-column:users.nickname');
    expect(files()).toEqual(before);

    const declined = await inProcess(['migrate', 'diff', 'cleanup', '--url', url], { cwd, typed: 'n' });
    expect(declined).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('3 steps lose data wherever'),
    });
    expect(files()).toEqual(before);

    const shown = await run('migrate', 'diff', 'cleanup', '--dry-run', '--allow', 'drop-table');
    expect(shown.code).toBe(0);
    expect(readDirectives(shown.stdout.split('-- The reverse:')[0]!, 'up').allow).toEqual([
      'drop-table:logs',
    ]);

    const allow = ['drop-column:users.nickname', "drop-column:users.o'dd na.me", 'drop-table:logs'];
    const written = await run('migrate', 'diff', 'cleanup', ...allow.flatMap((one) => ['--allow', one]));
    expect(written).toMatchObject({ code: 0 });
    expect([...readDirectives(newestUp(), 'up').allow].sort()).toEqual(allow);
    expect(newestUp()).toContain('-- tidemark:allow drop-column:users.nickname\n');
    expect(await run('migrate', 'validate')).toMatchObject({ code: 0 });
    expect(await run('migrate', 'up')).toMatchObject({ code: 0 });
    expect(await run('migrate', 'down')).toMatchObject({ code: 0 });
  });

  it('takes an allowed loss for the answer to what looks like a rename', async () => {
    schema('CREATE TABLE users (id integer PRIMARY KEY, nick text);');
    await run('migrate', 'diff', 'initial');
    schema('CREATE TABLE users (id integer PRIMARY KEY, nickname text);');
    const asked = await run('migrate', 'diff', 'nick');
    expect(asked).toMatchObject({ code: 4, stderr: expect.stringContaining('this looks like a rename') });
    const denied = await run('migrate', 'diff', 'nick', '--not-renamed', 'users.nick');
    expect(denied).toMatchObject({ code: 4, stderr: expect.stringContaining('and nobody has allowed that') });
    const allowed = await run(
      'migrate',
      'diff',
      'nick',
      '--allow',
      'drop-column:users.nick',
      '--allow',
      'drop-table:x',
    );
    expect(allowed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('--allow drop-table:x matches nothing'),
    });
    expect(newestUp()).toContain('-- tidemark:allow drop-column:users.nick\n');
  });
});

describe('a typed yes', () => {
  it('is consent', async () => {
    schema('CREATE TABLE logs (id integer);');
    const run = (name: string, typed?: string) =>
      inProcess(['migrate', 'diff', name, '--url', 'sqlite:app.db'], { cwd, ...(typed && { typed }) });
    await run('initial');
    schema('');
    expect(await run('none', 'yes')).toMatchObject({ code: 0 });
    expect(newestUp()).toContain('-- tidemark:allow drop-table:logs\n');
  });
});

describe('a file of answers', () => {
  const run = (...words: string[]) => inProcess([...words, '--url', 'sqlite:app.db'], { cwd });
  const answers = (text: object) => writeFileSync(join(cwd, 'answers.json'), JSON.stringify(text));
  const diff = () => run('migrate', 'diff', 'next', '--answers', 'answers.json');

  it('settles everything, and has no answer too many', async () => {
    schema('CREATE TABLE users (id integer, nick text, email text); CREATE TABLE logs (id integer);');
    await run('migrate', 'diff', 'initial');
    schema('CREATE TABLE users (id integer, nickname text, email2 text);');
    const before = files();
    const rename = { 'users.nick': 'nickname' };
    const allow = ['drop-table:logs', 'drop-column:users.email'];
    answers({ rename, notRenamed: ['users.email'], allow: [...allow, 'drop-table:other'] });
    expect(await diff()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"allow": "drop-table:other"'),
    });
    answers({ rename, notRenamed: ['users.email', 'users.id'], allow });
    expect(await diff()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"notRenamed": "users.id"'),
    });
    answers({ rename: { ...rename, 'users.x': 'y' }, notRenamed: ['users.email'], allow });
    expect(await diff()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('answers.json: "users.x": "y"'),
    });
    expect(await run('migrate', 'diff', 'next', '--answers', 'none.json')).toMatchObject({ code: 2 });
    expect(files()).toEqual(before);
    answers({ rename, notRenamed: ['users.email'], allow });
    expect(await diff()).toMatchObject({ code: 0 });
    expect(newestUp()).toContain('RENAME COLUMN');
  });
});
