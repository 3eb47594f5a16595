import { describe, expect, it } from 'vitest';
import { TidemarkError } from '../../src/errors.js';
import { validateConfig } from '../../src/project/validate-config.js';

function complaint(value: unknown): TidemarkError {
  try {
    validateConfig(value, '/p/tidemark.config.ts');
  } catch (error) {
    if (error instanceof TidemarkError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('accepted configurations', () => {
  it.each([
    ['nothing at all', {}],
    [
      'shared settings only',
      { url: 'pglite:x', schema: ['a.sql', 'b/*.sql'], migrations: 'm', dev: 'server' },
    ],
    [
      'environments',
      { environments: { local: { url: 'pglite:x', exclude: [] }, production: { production: true } } },
    ],
    ['a variable that is not set', { environments: { local: { url: undefined, schema: undefined } } }],
    ['an empty variable', { url: '' }],
    ['a chosen environment', { defaultEnvironment: 'a', environments: { a: {}, b: {} } }],
    ['environments named like object members', { environments: { constructor: {}, toString: {} } }],
  ])('%s', (_, config) => {
    expect(validateConfig(config, 'f')).toBe(config);
  });
});

describe('faults name the file, the key and what is expected', () => {
  it.each([
    ['nothing exported', undefined, 'must be an object, not nothing (is there an `export default`?)'],
    ['a list', [], 'must be an object, not an empty list'],
    ['a string', 'x', 'must be an object, not a string'],
    ['null', null, 'must be an object, not null'],
    ['a slip', { shema: 'x' }, 'unknown key "shema" (did you mean "schema"?)'],
    ['swapped letters', { enviroments: {} }, 'unknown key "enviroments" (did you mean "environments"?)'],
    ['an unknown key', { zebra: 1 }, 'unknown key "zebra"'],
    ['an object member as a key', { constructor: 1 }, 'unknown key "constructor"'],
    [
      'a slip below',
      { environments: { local: { migration: 'x' } } },
      'unknown key "environments.local.migration" (did you mean "migrations"?)',
    ],
    [
      'a top key below',
      { environments: { a: { defaultEnvironment: 'a' } } },
      'unknown key "environments.a.defaultEnvironment"',
    ],
    ['a number as path', { schema: 7 }, '"schema" must be a path, a glob, or a list of them, not a number'],
    [
      'an empty list of paths',
      { schema: [] },
      '"schema" must be a path, a glob, or a list of them, not an empty list',
    ],
    [
      'a hole in a list',
      { schema: ['a', 1] },
      '"schema" must be a path, a glob, or a list of them, not a list',
    ],
    ['null for a folder', { migrations: null }, '"migrations" must be a string that is not empty, not null'],
    [
      'a blank folder',
      { migrations: ' ' },
      '"migrations" must be a string that is not empty, not a blank string',
    ],
    [
      'a word for a flag',
      { environments: { p: { production: 'yes' } } },
      '"environments.p.production" must be true or false, not a string',
    ],
    ['one pattern instead of a list', { exclude: 'x' }, '"exclude" must be a list of strings, not a string'],
    ['a URL object', { url: new URL('postgres://h/d') }, '"url" must be a string, not an object'],
    [
      'environments as a list',
      { environments: [] },
      '"environments" must be an object of environments by name, not an empty list',
    ],
    [
      'a URL as an environment',
      { environments: { local: 'pglite:x' } },
      '"environments.local" must be an object, not a string',
    ],
    ['a nameless environment', { environments: { '': {} } }, 'an environment needs a name'],
    [
      'a default that is missing',
      { defaultEnvironment: 'lokal', environments: { local: {} } },
      '"defaultEnvironment" names "lokal", which is not among the environments (did you mean "local"?)',
    ],
  ])('%s', (_, config, expected) => {
    const error = complaint(config);
    expect(error.message.startsWith('/p/tidemark.config.ts: ')).toBe(true);
    expect(error.message).toContain(expected);
    expect([error.code, error.exitCode]).toEqual(['config-invalid', 2]);
  });

  it('tells all of them at once', () => {
    const { message, details } = complaint({ shema: 1, environments: { a: { dev: 1 }, b: { url: 2 } } });
    expect(details.faults).toHaveLength(3);
    expect(message).toMatch(/^\/p\/tidemark.config.ts: 3 faults\n {2}unknown key "shema"/);
  });

  it('never repeats a value, which may hold a password', () => {
    const { message, details } = complaint({ url: ['postgres://u:hunter2@h/d'], dev: 5 });
    expect(message + JSON.stringify(details)).not.toContain('hunter2');
  });
});
