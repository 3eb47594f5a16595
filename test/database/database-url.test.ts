import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLocal, type PostgresUrl, parseDatabaseUrl, safeUrl } from '../../src/database/database-url.js';
import { findPassword } from '../../src/database/libpq-environment.js';
import { TidemarkError } from '../../src/errors.js';

const server = (text: string, env = {}) => parseDatabaseUrl(text, { env }) as PostgresUrl;

function failure(text: string, env = {}): TidemarkError {
  try {
    parseDatabaseUrl(text, { env });
  } catch (error) {
    if (error instanceof TidemarkError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe('a server', () => {
  test.each([
    ['postgres://u:p@h:5433/d', 'u', 'p', 'h', 5433, 'd'],
    ['postgresql://u@h/d', 'u', undefined, 'h', undefined, 'd'],
    ['  postgres://h\n', undefined, undefined, 'h', undefined, undefined],
    ['postgres://', undefined, undefined, undefined, undefined, undefined],
    ['postgres:///d', undefined, undefined, undefined, undefined, 'd'],
    ['postgresql+asyncpg://u:p@h/d', 'u', 'p', 'h', undefined, 'd'],
    ['postgresql+psycopg2://u:p@h/d', 'u', 'p', 'h', undefined, 'd'],
    ['POSTGRES+pg8000://h', undefined, undefined, 'h', undefined, undefined],
    ['postgres://u:p@[::1]:5433/d', 'u', 'p', '::1', 5433, 'd'],
    ['postgres://u:p@[fe80::1%25eth0]/d', 'u', 'p', 'fe80::1%eth0', undefined, 'd'],
    ['postgres://u:p@%2Fvar%2Frun/d', 'u', 'p', '/var/run', undefined, 'd'],
    ['postgres://u:p@/d?host=/tmp&port=5499', 'u', 'p', '/tmp', 5499, 'd'],
    ['postgres://h/we%20ird%3Bname', undefined, undefined, 'h', undefined, 'we ird;name'],
    ['postgres://h?user=a&password=b%26c&dbname=e', 'a', 'b&c', 'h', undefined, 'e'],
  ])('%s', (text, user, password, host, port, database) => {
    const url = server(text as string);
    expect([url.user, url.password?.reveal(), url.host, url.port, url.database]).toEqual([
      user,
      password,
      host,
      port,
      database,
    ]);
  });

  test.each([
    'p@ss',
    'p:ss',
    'p/ss',
    'p?ss',
    'p#ss',
    'p%ss',
    'p%',
    '%zz',
    '100%',
    '@',
    ':',
    '/',
    '?',
    '#',
    '@@',
    'a@b/c',
    'a@b?c=d',
    'a@b:1/c@d',
    'pa ss',
    'p&q=r',
    'ünïcødé',
    'we;ird\'"\\',
    'x@y?sslmode',
    '[::1]',
    'tail@',
    '%E4',
  ])('a password written as it is: %s', (password) => {
    const url = server(`postgres://user:${password}@host:5432/db?sslmode=disable`);
    expect(url).toMatchObject({ user: 'user', host: 'host', port: 5432, database: 'db', sslMode: 'disable' });
    expect(url.password?.reveal()).toBe(password);
  });

  test('any password percent-encoded, and the label never holds it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        (user, password) => {
          const text = `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@host/db`;
          const url = server(text);
          expect(url.user).toBe(user);
          expect(url.password?.reveal()).toBe(password);
          expect(safeUrl(url)).toBe(`postgres://${encodeURIComponent(user)}@host/db`);
        },
      ),
    );
  });

  test('a raw password of hostile characters', () => {
    const character = fc.constantFrom(...'@:/?#%&= a1Z\'"[]\\');
    fc.assert(
      fc.property(fc.string({ unit: character, minLength: 1 }), (password) => {
        fc.pre(!/%[0-9a-f]{2}/i.test(password)); // That would be decoded.
        const url = server(`postgres://user:${password}@db.example.com:5432/app`);
        expect([url.host, url.password?.reveal()]).toEqual(['db.example.com', password]);
      }),
      { numRuns: 500 },
    );
  });

  test('an at sign in a parameter is no end of the user', () => {
    expect(server('postgres://u:p@h/d?application_name=a@b')).toMatchObject({
      host: 'h',
      applicationName: 'a@b',
    });
    expect(server('postgres://h/d?application_name=a@b')).toMatchObject({ host: 'h', user: undefined });
  });

  test.each([
    ['sslmode=verify-full&sslrootcert=/ca.pem', { sslMode: 'verify-full', sslRootCert: '/ca.pem' }],
    ['ssl=true', { sslMode: 'require' }],
    ['ssl=false', { sslMode: 'disable' }],
    ['ssl=verify-ca', { sslMode: 'verify-ca' }],
    ['connect_timeout=3', { connectTimeout: 3 }],
    ['options=-c%20search_path=x', { options: '-c search_path=x' }],
    ['search_path=a,b c', { options: '-c search_path=a,b\\ c' }],
    ['schema=public&pgbouncer=true&connection_limit=1', { sslMode: undefined }],
    ['prepared_statement_cache_size=0', { options: undefined }],
  ])('parameters: %s', (query, expected) => {
    expect(server(`postgres://h/d?${query}`)).toMatchObject(expected);
  });

  test('libpq variables fill in what is left out, and only that', () => {
    const env = {
      PGHOST: 'eh',
      PGPORT: '6000',
      PGUSER: 'eu',
      PGPASSWORD: 'ep',
      PGDATABASE: 'ed',
      PGSSLMODE: 'require',
      PGSSLROOTCERT: '/r',
      PGOPTIONS: '-c x=y',
      PGAPPNAME: 'ea',
      PGCONNECT_TIMEOUT: '7',
      PGPASSFILE: '/pf',
    };
    const filled = server('postgres://', env);
    expect(filled).toMatchObject({
      host: 'eh',
      port: 6000,
      user: 'eu',
      database: 'ed',
      sslMode: 'require',
      sslRootCert: '/r',
      options: '-c x=y',
      applicationName: 'ea',
      connectTimeout: 7,
      passFile: '/pf',
    });
    expect(filled.password?.reveal()).toBe('ep');
    expect(server('postgres://u:p@h:1/d?sslmode=disable', env)).toMatchObject({
      host: 'h',
      port: 1,
      user: 'u',
      database: 'd',
      sslMode: 'disable',
    });
    expect(server('postgres://h', { PGHOST: '' })).toMatchObject({ host: 'h' });
  });
});

describe('what is refused', () => {
  test.each([
    ['', 'scheme'],
    ['just words', 'scheme'],
    ['mysql://root:SECRET@h/d', 'scheme'],
    ['postgres:u:SECRET@h', '"//" is missing'],
    ['postgres://u:SECRET@h:port/d', 'the port'],
    ['postgres://u:SECRET@h:0/d', 'the port'],
    ['postgres://u:SECRET@h:99999/d', 'the port'],
    ['postgres://u:SECRET@h1,h2/d', 'several hosts'],
    ['postgres://u:SECRET@h1:1,h2:2/d', 'several hosts'],
    ['postgres://u:SECRET@h/d?host=a,b', 'several hosts'],
    ['postgres://u:SECRET@::1/d', 'more than one colon'],
    ['postgres://u:SECRET@h/d?sslmode=SECRET', 'sslmode'],
    ['postgres://u:SECRET@h/d?sslmod=require', 'did you mean "sslmode"'],
    ['postgres://u:SECRET@h/d?SECRET=1', 'parameter that is not known'],
    ['postgres://u:SECRET@h/d/e', 'more than one name'],
    ['postgres://u:SECRET@h/d?connect_timeout=soon', 'seconds'],
    ['pglite:', 'the folder is missing'],
    ['sqlite:', 'the file is missing'],
    ['sqlite://host/x', 'third slash'],
  ])('%s', (text, words) => {
    const error = failure(text);
    expect(error).toMatchObject({ code: 'url-invalid', exitCode: 2 });
    expect(error.message).toContain(words);
    expect(JSON.stringify([error.message, error.hints, error.details])).not.toContain('SECRET');
  });

  test('a bad variable is named', () => {
    expect(failure('postgres://', { PGPORT: 'x' }).message).toContain('PGPORT');
    expect(failure('postgres://', { PGSSLMODE: 'maybe' }).message).toContain('PGSSLMODE');
  });

  test('the source is named', () => {
    expect(() => parseDatabaseUrl('nonsense', { source: 'DATABASE_URL' })).toThrow(/^DATABASE_URL is not/);
  });
});

describe('files and folders', () => {
  test.each([
    ['pglite:./data', '/w/data'],
    ['pglite:data', '/w/data'],
    ['pglite:/abs/data', '/abs/data'],
    ['pglite://data', '/w/data'],
    ['pglite:///abs', '/abs'],
    ['pglite:memory', undefined],
    ['pglite:memory://', undefined],
    ['sqlite:app.db', '/w/app.db'],
    ['sqlite:/abs/app.db', '/abs/app.db'],
    ['sqlite:///app.db', '/w/app.db'],
    ['sqlite:////abs/app.db', '/abs/app.db'],
    ['sqlite+aiosqlite:///./app.db', '/w/app.db'],
    ['sqlite:///app.db?timeout=3', '/w/app.db'],
    ['sqlite:what?.db', '/w/what?.db'],
    ['sqlite::memory:', undefined],
    ['sqlite://', undefined],
    ['sqlite:///:memory:', undefined],
  ])('%s', (text, path) => {
    expect(parseDatabaseUrl(text, { folder: '/w' })).toHaveProperty('path', path);
  });
});

test.each([
  ['postgres://localhost', true],
  ['postgres://127.0.0.1', true],
  ['postgres://127.9.9.9', true],
  ['postgres://[::1]', true],
  ['postgres:///d', true],
  ['postgres:///d?host=/tmp', true],
  ['pglite:x', true],
  ['postgres://db.example.com', false],
  ['postgres://localhost.example.com', false],
  ['postgres://10.0.0.1', false],
  ['postgres://127.example.com', false],
])('isLocal %s: %s', (text, local) => {
  expect(isLocal(server(text))).toBe(local);
});

test('a URL shown by mistake does not show its password', async () => {
  const url = server('postgres://u:SECRET@h/d');
  const { inspect } = await import('node:util');
  expect(
    JSON.stringify(url) + inspect(url, { depth: 9 }) + String(url.password) + JSON.stringify({ ...url }),
  ).not.toContain('SECRET');
});

describe('.pgpass', () => {
  const endpoint = { host: 'h', port: 5432, user: 'u', database: 'd' };
  test.each([
    ['h:5432:d:u:pw', 'pw'],
    ['*:*:*:*:pw', 'pw'],
    ['# c\n\nother:5432:d:u:no\r\nh:5432:d:u:yes\r\n', 'yes'],
    ['h:5432:d:u:a\\:b\\\\c', 'a:b\\c'],
    ['h:5432:d:u:a:b', 'a:b'],
    ['h:5433:d:u:pw', undefined],
    ['h:5432:d:u', undefined],
  ])('%j', (text, password) => {
    expect(findPassword(text, endpoint)).toBe(password);
  });
  test('a socket is localhost', () => {
    expect(findPassword('localhost:*:*:*:pw', { ...endpoint, host: '/tmp' })).toBe('pw');
  });
});
