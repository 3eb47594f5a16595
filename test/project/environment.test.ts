import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeUrl } from '../../src/database/database-url.js';
import { TidemarkError } from '../../src/errors.js';
import type { Config } from '../../src/project/config.js';
import {
  type EnvironmentFlags,
  type ResolvedEnvironment,
  requireUrl,
  resolveEnvironment,
} from '../../src/project/environment.js';

interface Case {
  readonly flags?: EnvironmentFlags;
  readonly config?: Config;
  readonly env?: Record<string, string>;
  /** Variables that a `.env` file gave. */
  readonly dotenv?: Record<string, string>;
}

function resolved({ flags = {}, config, env = {}, dotenv = {} }: Case): ResolvedEnvironment {
  const files = new Map(Object.keys(dotenv).map((name) => [name, '/p/.env']));
  return resolveEnvironment({
    flags,
    config: config && { file: '/p/tidemark.config.ts', folder: '/p', value: config },
    env: { variables: { ...dotenv, ...env }, files },
    cwd: '/p/sub',
  });
}

function failure(work: () => unknown): TidemarkError {
  try {
    work();
  } catch (error) {
    if (error instanceof TidemarkError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const three: Config = {
  environments: {
    local: { url: 'postgres://local/l' },
    bare: {},
    unset: { url: undefined },
  },
};
const everything = {
  DATABASE_URL: 'postgres://by-url/u',
  DB_HOST: 'by-db',
  DB_NAME: 'd',
  PGHOST: 'by-pg',
  PGDATABASE: 'p',
};

describe('where the URL comes from', () => {
  const { DATABASE_URL: _, ...withoutUrl } = everything;
  it.each<[string, Case, string | undefined, string | undefined]>([
    [
      'the flag wins over all',
      { flags: { url: 'postgres://flag/f' }, config: three, env: everything },
      'postgres://flag/f',
      '--url',
    ],
    [
      'the environment wins over variables',
      { config: three, env: everything },
      'postgres://local/l',
      'environment "local" of /p/tidemark.config.ts',
    ],
    [
      'without a url of its own it takes DATABASE_URL',
      { flags: { env: 'bare' }, config: three, env: everything },
      'postgres://by-url/u',
      'DATABASE_URL',
    ],
    [
      'the top of the configuration stands for all',
      { flags: { env: 'a' }, config: { url: 'postgres://top/t', environments: { a: {} } }, env: everything },
      'postgres://top/t',
      '/p/tidemark.config.ts',
    ],
    [
      'an environment wins over the top',
      {
        flags: { env: 'a' },
        config: { url: 'postgres://top/t', environments: { a: { url: 'postgres://a/a' } } },
      },
      'postgres://a/a',
      'environment "a" of /p/tidemark.config.ts',
    ],
    ['DATABASE_URL wins over DB_*', { env: everything }, 'postgres://by-url/u', 'DATABASE_URL'],
    [
      'an empty DATABASE_URL is none',
      { env: { ...everything, DATABASE_URL: '' } },
      'postgres://by-db/d',
      'DB_HOST, DB_NAME',
    ],
    ['DB_* win over PG*', { env: withoutUrl }, 'postgres://by-db/d', 'DB_HOST, DB_NAME'],
    [
      'PG* come last',
      { env: { PGHOST: 'by-pg', PGDATABASE: 'p' } },
      'postgres://by-pg/p',
      'PGHOST, PGDATABASE',
    ],
    [
      'PG* fill in what a URL leaves out',
      { env: { DATABASE_URL: 'postgres:///u', PGHOST: 'by-pg', PGPORT: '6000' } },
      'postgres://by-pg:6000/u',
      'DATABASE_URL',
    ],
    ['DB_NAME is enough', { env: { DB_NAME: 'd' } }, 'postgres:///d', 'DB_NAME'],
    [
      'DB_HOST is enough',
      { env: { DB_HOST: 'h', DB_PORT: '6543', DB_USER: 'u' } },
      'postgres://u@h:6543',
      'DB_HOST, DB_PORT, DB_USER',
    ],
    ['DB_PASSWORD alone is no address', { env: { DB_PASSWORD: 'x', DB_USER: 'u' } }, undefined, undefined],
    [
      'a socket as DB_HOST',
      { env: { DB_HOST: '/var/run/postgresql', DB_NAME: 'd' } },
      'postgres:///d?host=/var/run/postgresql',
      'DB_HOST, DB_NAME',
    ],
    [
      'an IPv6 address as DB_HOST',
      { env: { DB_HOST: '::1', DB_PORT: '5433', DB_NAME: 'd' } },
      'postgres://[::1]:5433/d',
      'DB_HOST, DB_PORT, DB_NAME',
    ],
    [
      '.env counts as the environment does',
      { dotenv: { DATABASE_URL: 'postgres://file/f' } },
      'postgres://file/f',
      'DATABASE_URL',
    ],
    ['nothing at all', {}, undefined, undefined],
  ])('%s', (_, given, url, source) => {
    const environment = resolved(given);
    expect(environment.url && safeUrl(environment.url)).toBe(url);
    expect(environment.urlSource).toBe(source);
  });

  it('a url that reads an unset variable never falls through to another database', () => {
    const environment = resolved({ flags: { env: 'unset' }, config: three, env: everything });
    expect(environment.url).toBeUndefined();
    const error = failure(() => requireUrl(environment));
    expect(error.message).toBe('environment "unset" of /p/tidemark.config.ts has a url, but it is empty');
    expect([error.code, error.exitCode]).toEqual(['url-missing', 2]);
  });

  it('says so when a real DATABASE_URL is passed over, but not for one of .env', () => {
    expect(resolved({ config: three, env: everything }).notes).toEqual([
      'DATABASE_URL is set but not used: environment "local" of /p/tidemark.config.ts has its own url.',
    ]);
    expect(resolved({ config: three, dotenv: everything }).notes).toEqual([]);
    const same = { DATABASE_URL: 'postgres://local/l' };
    expect(resolved({ config: three, env: same }).notes).toEqual([]);
  });

  it('names the ways out when no database is named', () => {
    const error = failure(() => requireUrl(resolved({})));
    expect(error.message).toBe('no configuration was found, and no database is named');
    expect(error.hints.join(' ')).toMatch(/--url .*DATABASE_URL.*DB_HOST.*tidemark init/);
  });

  it('a malformed URL names its source and not its text', () => {
    const error = failure(() => resolved({ env: { DATABASE_URL: 'mysql://u:hunter2@h/d' } }));
    expect(error.message).toContain('DATABASE_URL');
    expect(error.message + error.hints.join()).not.toContain('hunter2');
    expect(error.exitCode).toBe(2);
  });
});

it('DB_PASSWORD, DB_USER and DB_NAME may hold any characters', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((s) => s.trim() !== '');
  fc.assert(
    fc.property(text, text, text, (DB_PASSWORD, DB_USER, DB_NAME) => {
      const { url } = resolved({ env: { DB_HOST: 'h', DB_PASSWORD, DB_USER, DB_NAME } });
      if (url?.adapter !== 'server') throw new Error('not a server');
      expect([url.password?.reveal(), url.user, url.database, url.host]).toEqual([
        DB_PASSWORD,
        DB_USER,
        DB_NAME,
        'h',
      ]);
    }),
    { numRuns: 500 },
  );
});

describe('which environment', () => {
  it.each<[string, Case, string]>([
    ['local when it is there', { config: { environments: { a: {}, local: {} } } }, 'local'],
    ['the only one', { config: { environments: { staging: {} } } }, 'staging'],
    [
      'the default of the configuration',
      { config: { defaultEnvironment: 'a', environments: { a: {}, local: {} } } },
      'a',
    ],
    [
      'TIDEMARK_ENV over the default',
      { config: { defaultEnvironment: 'a', environments: { a: {}, b: {} } }, env: { TIDEMARK_ENV: 'b' } },
      'b',
    ],
    [
      'TIDEMARK_ENV of .env',
      { config: { environments: { a: {}, b: {} } }, dotenv: { TIDEMARK_ENV: 'b' } },
      'b',
    ],
    [
      '--env over TIDEMARK_ENV',
      { flags: { env: 'a' }, config: { environments: { a: {}, b: {} } }, env: { TIDEMARK_ENV: 'b' } },
      'a',
    ],
    [
      'an empty TIDEMARK_ENV is none',
      { config: { environments: { local: {} } }, env: { TIDEMARK_ENV: '' } },
      'local',
    ],
    ['without a configuration any name', { flags: { env: 'production' } }, 'production'],
    ['without environments', { config: { url: 'pglite:x' } }, 'local'],
  ])('%s', (_, given, name) => {
    expect(resolved(given).name).toBe(name);
  });

  it.each<[string, Case, string, string]>([
    [
      'an unknown one',
      { flags: { env: 'prod' }, config: { environments: { production: {}, test: {} } } },
      '/p/tidemark.config.ts has no environment "prod" (asked for by --env)',
      'There are: production, test.',
    ],
    [
      'a slip',
      { env: { TIDEMARK_ENV: 'lokal' }, config: { environments: { local: {} } } },
      'no environment "lokal" (asked for by TIDEMARK_ENV) (did you mean "local"?)',
      'There are: local.',
    ],
    [
      'several and none chosen',
      { config: { environments: { a: {}, b: {} } } },
      '/p/tidemark.config.ts has several environments and none is chosen',
      'There are: a, b.',
    ],
    [
      'none at all',
      { flags: { env: 'test' }, config: {} },
      'has no environment "test"',
      'no "environments" at all',
    ],
    [
      'an object member',
      { flags: { env: 'toString' }, config: { environments: { local: {} } } },
      'has no environment "toString"',
      'There are: local.',
    ],
  ])('refuses %s and lists those there are', (_, given, message, hint) => {
    const error = failure(() => resolved(given));
    expect(error.message).toContain(message);
    expect(error.hints.join(' ')).toContain(hint);
    expect([error.code, error.exitCode]).toEqual(['environment-unknown', 2]);
  });
});

describe('where SQL is tried out', () => {
  const config = (top: string | undefined, block?: string): Config => ({
    dev: top,
    environments: { local: { dev: block } },
  });
  it.each<[string, Case, unknown]>([
    ['nothing said', {}, 'embedded'],
    ['the top', { config: config('server') }, 'server'],
    ['the environment over the top', { config: config('server', 'embedded') }, 'embedded'],
    ['the flag over both', { config: config('x:', 'y:'), flags: { dev: 'server' } }, 'server'],
    [
      'a URL, filled in from .env',
      { config: config('postgres://h'), dotenv: { PGPORT: '7', PGUSER: 'u' } },
      { adapter: 'server', host: 'h', port: 7, user: 'u' },
    ],
    ['a path of the configuration', { config: config('sqlite:a.db') }, { path: '/p/a.db' }],
    ['a path of the flag', { flags: { dev: 'sqlite:a.db' } }, { path: '/p/sub/a.db' }],
  ])('%s', (_, given, dev) => {
    const found = resolved(given).dev;
    if (typeof dev === 'string') expect(found).toBe(dev);
    else expect(found).toMatchObject(dev as object);
  });

  it.each<[Case, string]>([
    [{ flags: { dev: 'postgres://u:hunter2@h:p/d' } }, '--dev'],
    [{ config: config('postgres://u:hunter2@h:p/d') }, 'dev of /p/tidemark.config.ts'],
    [
      { config: config('server', 'postgres://u:hunter2@h:p/d') },
      'dev of environment "local" of /p/tidemark.config.ts',
    ],
  ])('a wrong URL is named by where it stands: %#', (given, source) => {
    const { code, message } = failure(() => resolved(given));
    expect([code, message]).toEqual([
      'url-invalid',
      `${source} is not a database URL: the port is not a number`,
    ]);
  });
});

describe('the other settings', () => {
  it.each<[Case, boolean]>([
    [{}, false],
    [{ config: {} }, false],
    [{ flags: { migrations: 'migrations' } }, true],
    [{ config: { migrations: 'migrations' } }, true],
    [{ config: { environments: { local: { migrations: 'm' } } } }, true],
  ])('knows whether somebody named the migrations folder: %o', (given, named) => {
    expect(resolved(given).migrationsNamed).toBe(named);
  });

  it('has defaults beside the configuration, or in the working folder', () => {
    expect(resolved({ config: {} })).toMatchObject({
      root: '/p',
      schema: ['/p/schema.sql'],
      migrations: '/p/migrations',
      dev: 'embedded',
      exclude: [],
      production: false,
    });
    expect(resolved({})).toMatchObject({
      root: '/p/sub',
      schema: ['/p/sub/schema.sql'],
      migrations: '/p/sub/migrations',
    });
  });

  it('takes flags over the environment over the top, with paths from where they were written', () => {
    const config: Config = {
      schema: ['s/*.sql', '/abs.sql'],
      migrations: 'top',
      dev: 'server',
      exclude: ['a.*'],
      environments: { local: { migrations: 'mine' } },
    };
    expect(resolved({ config })).toMatchObject({
      schema: ['/p/s/*.sql', '/abs.sql'],
      migrations: '/p/mine',
      dev: 'server',
    });
    const flags = { schema: ['x.sql'], migrations: '../m', dev: 'embedded', exclude: ['b.*', 'a.*'] };
    expect(resolved({ config, flags })).toMatchObject({
      schema: ['/p/sub/x.sql'],
      migrations: '/p/m',
      dev: 'embedded',
      exclude: ['a.*', 'b.*'],
    });
  });

  it('reads relative database folders from where they were written', () => {
    const config: Config = { url: 'pglite:./db' };
    expect(resolved({ config }).url).toMatchObject({ path: '/p/db' });
    expect(resolved({ config, flags: { url: 'pglite:./db' } }).url).toMatchObject({ path: '/p/sub/db' });
    expect(resolved({ config: {}, env: { DATABASE_URL: 'pglite:db' } }).url).toMatchObject({ path: '/p/db' });
    expect(resolved({ env: { DATABASE_URL: 'pglite:db' } }).url).toMatchObject({ path: '/p/sub/db' });
  });

  it.each<[string, Config['environments'], boolean]>([
    ['production', { production: {} }, true],
    ['prod', { prod: {} }, true],
    ['production', { production: { production: false } }, false],
    ['live', { live: { production: true } }, true],
    ['reproduction', { reproduction: {} }, false],
  ])('%s is guarded: %#', (env, environments, guarded) => {
    expect(resolved({ flags: { env }, config: { environments: environments! } }).production).toBe(guarded);
  });
});

describe('how new migrations are written', () => {
  it('is the default without a word about it', () => {
    expect(resolved({}).newMigrations).toEqual({ naming: {}, template: undefined, afterWrite: undefined });
  });

  it('is settled key by key, paths start at the configuration', () => {
    const config: Config = {
      newMigrations: {
        fileName: '{slug}',
        timeZone: 'Europe/Berlin',
        slugLength: 20,
        template: 'db/t.sql',
        afterWrite: ['fmt', '-w'],
      },
      environments: {
        local: { newMigrations: { timeZone: 'UTC', slugLength: undefined, revision: 'number' } },
        plain: { newMigrations: { afterWrite: [], template: '/t.ts' } },
      },
    };
    expect(resolved({ config }).newMigrations).toEqual({
      naming: { fileName: '{slug}', timeZone: 'UTC', slugLength: 20, revision: 'number' },
      template: resolve('/p/db/t.sql'),
      afterWrite: { command: ['fmt', '-w'], cwd: '/p' },
    });
    expect(resolved({ config, flags: { env: 'plain' } }).newMigrations).toMatchObject({
      template: resolve('/t.ts'),
      afterWrite: undefined,
    });
  });
});
