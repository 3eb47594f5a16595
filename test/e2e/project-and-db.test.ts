import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { type CliResult, main, tidemark } from '../support/cli.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-e2e-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string, options: { env?: Record<string, string>; stdin?: string } = {}) =>
  tidemark(line.split(' ').filter(Boolean), { cwd, ...options });

function json(result: CliResult) {
  return JSON.parse(result.stdout) as {
    command: string;
    ok: boolean;
    result: never;
    error: never;
    warnings: string[];
  };
}

describe('without a database', () => {
  it('tells its version and its help on standard output', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' });
    const help = await run('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('tidemark migrate diff first');
    expect(await run('help migrate up')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--out-of-order'),
    });
  });

  it('a group without a command is wrong usage, with the help on standard error', async () => {
    expect(await run('migrate')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('migrate diff NAME'),
    });
  });

  it('wrong usage is exit code 2, in words or as one JSON document', async () => {
    expect(await run('db chek')).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error: unknown command "db chek" (did you mean `tidemark db check`?)\nhint: Run `tidemark db --help` to see what there is.\n',
    });
    const result = await run('db check --jsn --json');
    expect(result).toMatchObject({ code: 2, stderr: '' });
    expect(json(result)).toMatchObject({
      command: '',
      ok: false,
      error: { code: 'usage', message: 'unknown option --jsn (did you mean --json?)' },
    });
  });

  it.each([
    ['a wrong key', 'tidemark.config.json', '{"shema":"x"}', 'unknown key "shema" (did you mean "schema"?)'],
    ['a syntax error', 'tidemark.config.ts', 'export default {', 'cannot be loaded'],
    [
      'an unknown environment',
      'tidemark.config.json',
      '{"environments":{"local":{}}}',
      'has no environment "prod" (asked for by TIDEMARK_ENV)',
    ],
  ])('%s in the configuration names the file', async (_, name, text, message) => {
    writeFileSync(join(cwd, name), text);
    const result = await run('db check', { env: { TIDEMARK_ENV: 'prod' } });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain(name);
  });

  it('no database named is exit code 2 with the ways to name one', async () => {
    const result = await run('db check --json');
    expect(result).toMatchObject({ code: 2, stderr: '' });
    expect(json(result)).toMatchObject({ command: 'db check', ok: false, error: { code: 'url-missing' } });
  });

  it('a server that is not there is a finding of db check, and never shows the password', async () => {
    const env = {
      DB_HOST: '127.0.0.1',
      DB_PORT: '1',
      DB_USER: 'u',
      DB_PASSWORD: 'h:unt/er@2 %',
      DB_NAME: 'd',
    };
    const plain = await run('db check', { env });
    expect(plain.code).toBe(3);
    expect(plain.stdout).toContain('problem: postgres://u@127.0.0.1:1/d cannot be used');
    const result = await run('db check --json --debug --verbose', { env });
    expect(json(result)).toMatchObject({
      ok: false,
      result: { reachable: false, target: 'postgres://u@127.0.0.1:1/d' },
    });
    for (const text of [plain.stdout, plain.stderr, result.stdout, result.stderr]) {
      expect(text).not.toContain('unt/er');
      expect(text).not.toContain('unt%2Fer');
    }
    // Other commands fail.
    expect(await run('db create', { env })).toMatchObject({ code: 1, stdout: '' });
  });

  it('a malformed URL names its source and not its text', async () => {
    const result = await run('db check', { env: { DATABASE_URL: 'postgres://u:hunter2@h:port/d' } });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/^error: DATABASE_URL is not a database URL: the port/);
    expect(result.stderr).not.toContain('hunter2');
  });

  it('colours only when asked', async () => {
    expect((await run('nope')).stderr).not.toContain('\u001b');
    expect((await run('nope', { env: { FORCE_COLOR: '1' } })).stderr).toContain('\u001b[31merror:');
  });
});

describe('manners', () => {
  it('survives a reader that leaves early', async () => {
    const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    const errors = text(child.stderr);
    const [code] = await once(child, 'close');
    expect([code, await errors]).toEqual([0, '']);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s closes connections and ends with %i', async (signal, expected) => {
    // A server that accepts and says nothing keeps the command waiting.
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const child = spawn(
      process.execPath,
      [main, 'db', 'check', '--url', `postgres://u@127.0.0.1:${port}/d`],
      { cwd },
    );
    const errors = text(child.stderr);
    await once(silent, 'connection');
    child.kill(signal);
    const [code] = await once(child, 'close');
    silent.close();
    expect(code).toBe(expected);
    expect(await errors).toContain(`interrupted by ${signal}`);
  });
});

describe('init', () => {
  it('makes a project that the next commands work in', async () => {
    const made = await run('init');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('made     tidemark.config.ts');
    expect(made.stdout).toContain('tidemark migrate diff first');
    for (const path of ['tidemark.config.ts', 'schema.sql', 'migrations', '.env.example', '.gitignore'])
      expect(existsSync(join(cwd, path))).toBe(true);
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('.tidemark/\n.env\n');
    expect(await run('migrate status')).toMatchObject({ code: 0 });
    expect(await run('db check')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('there is no database at'),
    });
    expect(existsSync(join(cwd, '.tidemark'))).toBe(false);
    expect(await run('db create')).toMatchObject({ code: 0 });
    const check = await run('db check --json');
    expect(check.code).toBe(0);
    expect(json(check)).toMatchObject({
      ok: true,
      result: { embedded: true, target: `pglite:${join(cwd, '.tidemark/local')}` },
    });
  });

  it('never overwrites, and adds to .gitignore only what is missing', async () => {
    writeFileSync(join(cwd, 'schema.sql'), 'mine');
    writeFileSync(join(cwd, 'tidemark.config.json'), '{}');
    writeFileSync(join(cwd, '.gitignore'), 'node_modules\r\n.env');
    const result = await run('init --json');
    expect(json(result)).toMatchObject({
      result: {
        files: [
          { path: 'tidemark.config.json', state: 'kept' },
          { path: 'schema.sql', state: 'kept' },
          { path: join('migrations', '.gitattributes'), state: 'made' },
          { path: '.env.example', state: 'made' },
          { path: '.gitignore', state: 'extended' },
        ],
      },
    });
    expect(existsSync(join(cwd, 'tidemark.config.ts'))).toBe(false);
    expect(readFileSync(join(cwd, 'schema.sql'), 'utf8')).toBe('mine');
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('node_modules\r\n.env\n.tidemark/\n');
    await run('init');
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('node_modules\r\n.env\n.tidemark/\n');
  });

  it('takes a URL or an engine, in any folder, and refuses a password in the configuration', async () => {
    await run(`init a/b --url postgres://o'brien@h/d`);
    expect(readFileSync(join(cwd, 'a/b/tidemark.config.ts'), 'utf8')).toContain(
      `local: { url: 'postgres://o\\'brien@h/d' }`,
    );
    await run('init c --engine postgres');
    expect(readFileSync(join(cwd, 'c/tidemark.config.ts'), 'utf8')).toContain(
      `local: { url: 'postgres://localhost:5432/app' }`,
    );
    const refused = await run('init e --url postgres://u:hunter2@h/d');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).not.toContain('hunter2');
    expect(existsSync(join(cwd, 'e'))).toBe(false);
  });
});

describeOldestAndNewest(
  'db commands',
  (server) => {
    let database: Awaited<ReturnType<typeof freshDatabase>>;
    let env: Record<string, string>;
    beforeAll(async () => {
      database = await freshDatabase(server);
      env = { DATABASE_URL: database.url };
    });
    afterAll(() => database?.drop());

    /** What the database says, asked without the command line. */
    async function ask(sql: string): Promise<unknown[]> {
      const connection = await openDatabase(parseDatabaseUrl(database.url));
      try {
        return await connection.query(sql);
      } finally {
        await connection.close();
      }
    }
    const name = () => (server.embedded ? 'db' : new URL(database.url).pathname.slice(1));

    it('create says whether it was there', async () => {
      if (server.embedded) {
        expect(json(await run('db create --json', { env })).result).toMatchObject({ created: true });
      } else {
        const url = new URL(database.url);
        url.pathname = `/${encodeURIComponent(`${name()} "odd;`)}`;
        const created = await run('db create --json', { env: { DATABASE_URL: url.href } });
        expect(json(created)).toMatchObject({ ok: true, result: { created: true } });
        expect(json(await run('db create --json', { env: { DATABASE_URL: url.href } })).result).toMatchObject(
          { created: false },
        );
        await ask(`DROP DATABASE "${name()} ""odd;"`);
      }
      const again = await run('db create', { env });
      expect(again).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('is there already'),
        stderr: '',
      });
    });

    it('shell runs -c and standard input, and stops at the first error with its place', async () => {
      const made = await tidemark(
        ['db', 'shell', '-c', 'CREATE TABLE users (id int, name text)', '--no-psql'],
        { cwd, env },
      );
      expect(made).toEqual({ code: 0, stdout: 'ok\n', stderr: '' });
      const script = `INSERT INTO users VALUES (1, 'a;b'), (20, NULL);\nSELECT * FROM users ORDER BY id;\nSELECT nope FROM users;\nDROP TABLE users;\n`;
      const failed = await run('db shell --no-psql', { env, stdin: script });
      expect(failed.code).toBe(1);
      expect(failed.stdout).toBe('ok\n id | name\n----+------\n  1 | a;b\n 20 |\n(2 rows)\n');
      expect(failed.stderr).toMatch(/^error: column "nope" does not exist\n {2}at standard input:3:8\n/);
      expect(failed.stderr).toContain('SELECT nope FROM users');
      expect(await ask('SELECT count(*)::int AS n FROM users')).toEqual([{ n: 2 }]);
      const asked = await tidemark(['db', 'shell', '--json', '-c', 'SELECT 1 AS one; SELECT NULL AS none'], {
        cwd,
        env,
      });
      expect(json(asked)).toMatchObject({
        ok: true,
        result: { statements: [{ rows: [{ one: 1 }] }, { rows: [{ none: null }] }] },
      });
    });

    it('shell hands a server to psql where that is installed', async () => {
      const result = await tidemark(['db', 'shell', '-c', 'SELECT count(*) AS users FROM users'], {
        cwd,
        env,
      });
      expect(result).toMatchObject({ code: 0, stderr: '' });
      expect(result.stdout).toMatch(/ users \n-------\n {5}2\n\(1 row\)|^ users\n-------\n {5}2\n\(1 row\)/);
      const wrong = await tidemark(['db', 'shell', '-c', 'SELECT nope'], { cwd, env });
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain('column "nope" does not exist');
    });

    it('check is 3 when something is missing', async () => {
      expect(await run('db check --require table:users', { env })).toMatchObject({ code: 0, stderr: '' });
      const missing = await run('db check --require table:users --require extension:vektor --json', { env });
      expect(missing.code).toBe(3);
      expect(json(missing)).toMatchObject({
        ok: false,
        result: { reachable: true, problems: ['extension:vektor does not exist'] },
      });
      expect(await run('db check --require users', { env })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--require table:users'),
      });
    });

    it('reset asks for consent, and for the name where data would be missed', async () => {
      expect(json(await run('db reset --dry-run --json', { env }))).toMatchObject({
        ok: true,
        result: { dryRun: true, dropped: [{ kind: 'table', name: 'public.users' }] },
      });
      expect(await run('db reset', { env })).toMatchObject({
        code: 4,
        stdout: '',
        stderr: expect.stringContaining('Answer with --yes'),
      });
      const production = await run('db reset --yes --env production', { env });
      expect(production).toMatchObject({
        code: 4,
        stdout: '',
        stderr: expect.stringContaining('the environment "production" is production'),
      });
      expect(production.stderr).toContain(`--force ${name()}`);
      expect(await run(`db reset --env production --force not-${name()}`, { env })).toMatchObject({
        code: 4,
      });
      const elsewhere = await run('db reset --yes --url postgres://db.example.invalid/app');
      expect(elsewhere).toMatchObject({
        code: 4,
        stderr: expect.stringContaining('postgres://db.example.invalid/app is not on this machine'),
      });
      expect(await ask(`SELECT to_regclass('users') IS NOT NULL AS there`)).toEqual([{ there: true }]);

      await ask('CREATE EXTENSION citext');
      const done = await run(`db reset --env production --force ${name()}`, { env });
      expect(done).toMatchObject({ code: 0, stderr: '' });
      expect(done.stdout).toMatch(/table public\.users\nkept extensions: citext, plpgsql\n$/);
      expect(await ask(`SELECT to_regclass('users') IS NULL AS gone, 'A'::citext = 'a' AS citext`)).toEqual([
        { gone: true, citext: true },
      ]);
      expect(await run('db reset --yes', { env })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('is empty'),
      });
    });

    it('the address may come in every way the manual names', async () => {
      mkdirSync(join(cwd, 'sub'));
      writeFileSync(
        join(cwd, 'tidemark.config.mjs'),
        `export default { environments: { x: { url: process.env.MY_URL } } };`,
      );
      writeFileSync(join(cwd, '.env'), `MY_URL="${database.url}"\nTIDEMARK_ENV=x\n`);
      expect(await tidemark(['db', 'check'], { cwd: join(cwd, 'sub') })).toMatchObject({ code: 0 });
      rmSync(join(cwd, '.env'));
      expect(await tidemark(['db', 'check'], { cwd })).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('has a url, but it is empty'),
      });
      expect(await tidemark(['db', 'check', '--url', database.url], { cwd })).toMatchObject({ code: 0 });
      if (server.embedded) return;
      rmSync(join(cwd, 'tidemark.config.mjs'));
      const { hostname, port, username, password, pathname } = new URL(database.url);
      const parts = {
        HOST: hostname,
        PORT: port,
        USER: decodeURIComponent(username),
        PASSWORD: decodeURIComponent(password),
      };
      const variables = (prefix: string, key: string) =>
        Object.fromEntries([
          ...Object.entries(parts).map(([part, value]) => [prefix + part, value]),
          [key, pathname.slice(1)],
        ]);
      for (const given of [variables('DB_', 'DB_NAME'), variables('PG', 'PGDATABASE')]) {
        const result = await run('db check --json', { env: given });
        expect(json(result)).toMatchObject({ ok: true, result: { database: name() } });
        expect(
          await tidemark(['db', 'shell', '-c', 'SELECT current_database()'], { cwd, env: given }),
        ).toMatchObject({ code: 0, stdout: expect.stringContaining(name()) });
      }
    });
  },
  { embedded: true },
);
