import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Output } from '../../src/cli/output.js';
import { makePrompt } from '../../src/cli/prompt.js';
import { runPsql } from '../../src/cli/shell/psql.js';
import { isComplete, runSmallPrompt } from '../../src/cli/shell/small-prompt.js';
import type { Connection } from '../../src/database/connection.js';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { postgresDialect } from '../../src/postgres/dialect.js';

describe('a statement is complete', () => {
  it.each([
    ['SELECT 1', false],
    ['SELECT 1;', true],
    ['SELECT 1;  \n', true],
    ["SELECT 'a;", false],
    ["SELECT 'a;\nb';", true],
    ['SELECT "a;', false],
    ['SELECT $x$ ; $x', false],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1;', false],
    ['CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;', true],
    ['CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;', false],
    ['CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;', true],
    ['SELECT 1 -- no;', false],
    ['/* no;', false],
    ['SELECT (1;', true],
    ['SELEC 1;', true],
    [';', true],
  ])('%s: %s', async (text, complete) => {
    expect(await isComplete(postgresDialect, text)).toBe(complete);
  });
});

describe('the small prompt', () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await openDatabase(parseDatabaseUrl('pglite:memory'));
  });
  afterAll(() => connection?.close());

  async function type(...lines: string[]): Promise<{ out: string; err: string }> {
    const written = { out: '', err: '' };
    const sink = (key: 'out' | 'err') => ({
      write(text: string) {
        written[key] += text;
      },
    });
    const output = new Output({ stdout: sink('out'), stderr: sink('err'), env: {}, quiet: true });
    const stdin = new PassThrough();
    stdin.end(lines.map((line) => `${line}\n`).join(''));
    await runSmallPrompt({
      connection,
      dialect: postgresDialect,
      output,
      stdin,
      terminal: new PassThrough().resume(),
      cwd: '/',
    });
    return written;
  }

  it('runs statements over several lines, keeps one session, and goes on after an error', async () => {
    const { out, err } = await type(
      'CREATE TABLE',
      '  t (a int);',
      'BEGIN;',
      'INSERT INTO t VALUES (1);',
      'SELECT nope;',
      'ROLLBACK;',
      'SELECT count(*)',
      'FROM t;',
    );
    expect(out).toBe('ok\nok\nok\nok\n count\n-------\n     0\n(1 row)\n');
    expect(err).toMatch(/^error: column "nope" does not exist\n/);
  });

  it('knows \\d, \\dt and \\q', async () => {
    const { out, err } = await type(
      'CREATE TABLE "Odd one" (id int PRIMARY KEY, v text DEFAULT 1);',
      '\\dt',
      '\\d "Odd one"',
      '\\d nope',
      '\\what',
      '\\q',
      'SELECT 1;',
    );
    expect(out).toContain(' public | Odd one | table | postgres');
    expect(out).toMatch(/ id +\| integer \| not null \|\n v +\| text +\| +\| 1\n/);
    expect(out).toContain('CREATE UNIQUE INDEX "Odd one_pkey"');
    expect(out).toContain('there is no table, view or sequence nope');
    expect(out).toContain('unknown command \\what');
    expect(out).not.toContain('?column?');
    expect(err).toBe('');
  });
});

describe('psql', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-psql-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('gets the address and the password by its environment, never as an argument', async () => {
    const report = join(folder, 'report.json');
    const script = `#!${process.execPath}\nrequire('fs').writeFileSync(${JSON.stringify(report)}, JSON.stringify({ args: process.argv.slice(2), env: process.env })); process.exit(7);\n`;
    writeFileSync(join(folder, 'psql'), script);
    chmodSync(join(folder, 'psql'), 0o755);
    const url = parseDatabaseUrl(`postgres://us%20er:p%40ss%22'word@127.0.0.1:7777/da%20ta?sslmode=require`);
    if (url.adapter !== 'server') throw new Error('not a server');
    const PATH = `${folder}${delimiter}${process.env.PATH}`;
    const env = { ...process.env, PATH, PGHOSTADDR: '10.0.0.1', PGPASSWORD: 'other' };
    expect(await runPsql({ url, commands: ['SELECT 1'], interactive: false, env })).toBe(7);
    const { args, env: seen } = JSON.parse((await import('node:fs')).readFileSync(report, 'utf8'));
    expect(args).toEqual(['--no-psqlrc', '--set=ON_ERROR_STOP=1', '--command=SELECT 1']);
    expect(seen).toMatchObject({
      PGHOST: '127.0.0.1',
      PGPORT: '7777',
      PGUSER: 'us er',
      PGPASSWORD: `p@ss"'word`,
      PGDATABASE: 'da ta',
      PGSSLMODE: 'require',
    });
    expect(seen.PGHOSTADDR).toBeUndefined();
  });

  it('is done without when it is not installed', async () => {
    const url = parseDatabaseUrl('postgres://u@127.0.0.1:7777/d');
    if (url.adapter !== 'server') throw new Error('not a server');
    expect(await runPsql({ url, commands: [], interactive: true, env: { PATH: folder } })).toBeUndefined();
  });
});

describe('questions', () => {
  const streams = (env: Record<string, string> = {}, tty = true) => {
    const stdin = Object.assign(new PassThrough(), { isTTY: tty }) as unknown as NodeJS.ReadStream;
    const stderr = Object.assign(new PassThrough(), { isTTY: tty }) as unknown as NodeJS.WriteStream;
    stderr.resume();
    return { stdin, stderr, env };
  };

  it.each([
    ['y', true],
    ['YES', true],
    ['', false],
    ['n', false],
    ['yep', false],
  ])('"%s" means %s', async (answer, meant) => {
    const io = streams();
    const asked = makePrompt(io, false).confirm('Really?', '--yes');
    (io.stdin as unknown as PassThrough).write(`${answer}\n`);
    expect(await asked).toBe(meant);
  });

  it('an empty answer takes what is proposed', async () => {
    const io = streams();
    const asked = makePrompt(io, false).ask('Where?', '--url', 'here');
    (io.stdin as unknown as PassThrough).write('  \n');
    expect(await asked).toBe('here');
  });

  it.each([
    ['without a terminal', streams({}, false), false],
    ['in CI', streams({ CI: 'true' }), false],
    ['with --json or --yes', streams(), true],
  ])('are not asked %s: the error names the flag', async (_, io, silent) => {
    const prompt = makePrompt(io, silent);
    expect(prompt.interactive).toBe(false);
    await expect(prompt.confirm('Really?', '--yes')).rejects.toMatchObject({
      code: 'needs-consent',
      exitCode: 4,
      hints: ['Answer with --yes; questions are asked only on a terminal.'],
    });
  });

  it('the end of input is no answer', async () => {
    const io = streams();
    const asked = makePrompt(io, false).confirm('Really?', '--yes');
    (io.stdin as unknown as PassThrough).end();
    await expect(asked).rejects.toMatchObject({ code: 'needs-consent' });
  });

  it('CI=false is no CI', () => {
    expect(makePrompt(streams({ CI: 'false' }), false).interactive).toBe(true);
  });
});
