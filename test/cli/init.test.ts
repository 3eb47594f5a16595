import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/project/load-config.js';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-init-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string, options: { typed?: string } = {}) =>
  inProcess(line.split(' '), { cwd, ...options });
const read = (path: string) => readFileSync(join(cwd, path), 'utf8');

describe('init for SQLite', () => {
  it('writes a configuration, an example and ignored files that fit, and the next commands work', async () => {
    const made = await run('init --engine sqlite');
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain('tidemark db create');
    expect(await loadConfig(join(cwd, 'tidemark.config.ts'))).toEqual({
      schema: 'schema.sql',
      migrations: 'migrations',
      environments: {
        local: { url: 'sqlite:./local.db' },
        test: { url: 'sqlite:./test.db' },
        production: { production: true },
      },
    });
    expect(read('.env.example')).not.toMatch(/postgres|DB_HOST/);
    expect(read('.gitignore')).toBe('.tidemark/\n.env\n/local.db*\n/test.db*\n');

    const example = read('schema.sql').replace(/^-- (?=CREATE| {2}(?:id|email|created)|\))/gm, '');
    expect(example).toMatch(/^CREATE TABLE users[\s\S]*STRICT;$/m);
    writeFileSync(join(cwd, 'schema.sql'), example);
    expect(await run('migrate diff first')).toMatchObject({ code: 0 });
    expect(await run('db create')).toMatchObject({ code: 0 });
    expect(await run('migrate up')).toMatchObject({ code: 0 });
    expect(await run('status --check')).toMatchObject({ code: 0 });
    expect(existsSync(join(cwd, 'local.db'))).toBe(true);
  });

  it.each([
    ['sqlite:data/app.db', '/data/app.db*\n/test.db*\n'],
    ['sqlite:test.db', '/test.db*\n'],
    ['sqlite:../app.db', '/test.db*\n'],
    ['sqlite:////var/lib/app.db', '/test.db*\n'],
  ])('takes --url %s as it is written', async (url, ignored) => {
    expect((await run(`init sub --url ${url}`)).code).toBe(0);
    expect(read('sub/tidemark.config.ts')).toContain(`local: { url: '${url}' }`);
    expect(read('sub/schema.sql')).toContain('STRICT');
    expect(read('sub/.gitignore')).toBe(`.tidemark/\n.env\n${ignored}`);
  });

  it.each(['3', 's', 'SQLite'])('is what the question offers, answered with %s', async (typed) => {
    const made = await run('init', { typed });
    expect(made.code).toBe(0);
    expect(made.stderr).toContain('(3) a SQLite file?');
    expect(read('tidemark.config.ts')).toContain('sqlite:./local.db');
  });
});

describe('init for PostgreSQL', () => {
  it.each([
    ['init --engine embedded', 'pglite:./.tidemark/local', false],
    ['init --engine postgres', 'postgres://localhost:5432/app', true],
  ])('%s', async (line, url, create) => {
    const made = await run(line);
    expect(made.code).toBe(0);
    expect(made.stdout.includes('tidemark db create')).toBe(create);
    const config = await loadConfig(join(cwd, 'tidemark.config.ts'));
    expect(config.environments).toEqual({
      local: { url },
      docker: {},
      test: { url: 'pglite:./.tidemark/test' },
      production: { production: true },
    });
    expect(read('tidemark.config.ts')).toContain("// dev: 'embedded',\n");
    expect(read('schema.sql')).toContain('GENERATED ALWAYS AS IDENTITY');
    expect(read('.env.example')).toContain('DB_HOST');
  });
});

describe('a project that is there already', () => {
  const put = (path: string, text = '') => {
    mkdirSync(dirname(join(cwd, path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  };

  it.each([
    ['alembic.ini', 'migrate import --from alembic .'],
    ['migrations/atlas.sum', 'migrate import --from atlas migrations --in-place'],
    ['prisma/migrations/migration_lock.toml', 'migrate import --from prisma prisma/migrations'],
    ['migrations/1_a.up.sql', 'migrate import --help'],
    ['migrations/tidemark.sum', 'tidemark status'],
  ])('%s: what is next is not a first migration', async (file, next) => {
    put(file);
    const { code, stdout } = await run('init');
    expect(code).toBe(0);
    expect(stdout).toContain(next);
    expect(stdout).not.toContain('migrate diff first');
  });

  it('says that DATABASE_URL is not what the local environment gets, without showing it', async () => {
    const env = { DATABASE_URL: 'postgres://u:sesame@h/d' };
    const made = await inProcess(['init'], { cwd, env });
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('DATABASE_URL is set') });
    expect(made.stdout + made.stderr + read('tidemark.config.ts')).not.toContain('sesame');
    const chosen = await inProcess(['init', 'b', '--engine', 'embedded'], { cwd, env });
    expect(chosen.stderr).toBe('');
  });
});

it('lets git merge the sums of two branches', async () => {
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd, stdio: 'pipe' });
  git('init', '--quiet', '--initial-branch=main');
  await run('init --engine sqlite');
  await run('migrate new zero --revision 20250101000000');
  git('add', '.');
  git('commit', '--quiet', '--message=zero');
  for (const [branch, id] of [
    ['ann', '20250102000000'],
    ['bob', '20250103000000'],
  ] as const) {
    git('switch', '--quiet', '--create', branch, 'main');
    expect((await run(`migrate new ${branch} --revision ${id}`)).code).toBe(0);
    git('add', '.');
    git('commit', '--quiet', `--message=${branch}`);
  }
  git('merge', '--quiet', '--no-edit', 'ann');
  expect(await run('migrate validate')).toMatchObject({ code: 0, stderr: '' });

  // A file that both wrote differently stands in the sum twice: that is not merged in silence.
  git('switch', '--quiet', '--create', 'one');
  writeFileSync(join(cwd, 'migrations/20250102000000_ann.sql'), '-- one\n');
  await run('migrate hash');
  git('commit', '--quiet', '--all', '--message=one');
  git('switch', '--quiet', '--create', 'two', 'HEAD~1');
  writeFileSync(join(cwd, 'migrations/20250102000000_ann.sql'), '-- two\n');
  await run('migrate hash');
  git('commit', '--quiet', '--all', '--message=two');
  git('merge', '--quiet', '--no-edit', '--strategy-option=ours', 'one');
  expect(await run('migrate validate')).toMatchObject({ code: 1, stderr: expect.stringContaining('twice') });
});
