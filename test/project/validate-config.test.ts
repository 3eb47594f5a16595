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
    [
      'how new migrations are written',
      {
        newMigrations: {
          fileName: '{year}-{month}-{day}_{revision}_{slug}',
          timeZone: 'Europe/Berlin',
          slugLength: 1,
          revision: 'number',
          template: 'db/template.sql',
          afterWrite: ['prettier', '--write', ''],
        },
        environments: { a: { newMigrations: { timeZone: undefined, afterWrite: [] } } },
      },
    ],
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
    [
      'an empty choice',
      { include: [] },
      '"include" must be a list of patterns (schema.name with *, or kind:schema.name), at least one, not an empty list',
    ],
    [
      'a pattern without a name',
      { include: ['a.*', 'public.'] },
      '"include" must be a list of patterns (schema.name with *, or kind:schema.name), at least one, not a list',
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
    ['a word for new migrations', { newMigrations: 'x' }, '"newMigrations" must be an object, not a string'],
    [
      'a slip in it',
      { newMigrations: { filename: 'x' } },
      'unknown key "newMigrations.filename" (did you mean "fileName"?)',
    ],
    [
      'a number as the name of files',
      { newMigrations: { fileName: 1 } },
      '"newMigrations.fileName" must be a string that is not empty',
    ],
    [
      'an unknown placeholder',
      { environments: { a: { newMigrations: { fileName: '{revision}_{name}' } } } },
      '"environments.a.newMigrations.fileName" has the unknown placeholder {name}; there are {revision} {slug} {year} {month} {day} {hour} {minute} {second} {epoch}',
    ],
    ['one name for all', { newMigrations: { fileName: '{year}' } }, 'needs {revision} or {slug}'],
    ['a folder', { newMigrations: { fileName: '{year}/{slug}' } }, 'cannot hold a folder'],
    ['a Windows folder', { newMigrations: { fileName: '{year}\\{slug}' } }, 'cannot hold a folder'],
    [
      'a blank in a name',
      { newMigrations: { fileName: '{revision} {slug}' } },
      '"-" and "." beside placeholders, not " "',
    ],
    ['half a placeholder', { newMigrations: { fileName: '{revision}_{slug' } }, 'not "{"'],
    ['a hidden file', { newMigrations: { fileName: '.{slug}' } }, 'cannot begin with'],
    ['an ending', { newMigrations: { fileName: '{slug}.sql' } }, 'without its ending'],
    ['a reverse', { newMigrations: { fileName: '{revision}_{slug}.down' } }, 'without its ending'],
    ['a zone nobody knows', { newMigrations: { timeZone: 'Mars/Olympus' } }, 'the name of a time zone'],
    ['half a character', { newMigrations: { slugLength: 1.5 } }, 'a whole number from 1 to 200'],
    ['no slug', { newMigrations: { slugLength: 0 } }, 'a whole number from 1 to 200'],
    ['another id', { newMigrations: { revision: 'uuid' } }, '"timestamp" or "number"'],
    [
      'a template of another kind',
      { newMigrations: { template: 'x.txt' } },
      'the path of a .sql or .ts file',
    ],
    [
      'the reverse as template',
      { newMigrations: { template: 'x.down.sql' } },
      'the path of a .sql or .ts file',
    ],
    ['a command line', { newMigrations: { afterWrite: 'prettier' } }, 'must be a list of strings: a program'],
    ['no program', { newMigrations: { afterWrite: [' ', 'x'] } }, 'must be a list of strings: a program'],
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
