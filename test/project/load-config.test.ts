import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findConfig, projectFolder } from '../../src/project/find-config.js';
import { loadConfig } from '../../src/project/load-config.js';
import { loadEnvironment } from '../../src/project/load-environment.js';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-config-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

describe('findConfig', () => {
  it('looks upwards, also in .config, and takes the nearest', () => {
    const outer = write('tidemark.config.json', '{}');
    const inner = write('a/.config/tidemark.config.mjs', '');
    mkdirSync(join(folder, 'a/b/c'), { recursive: true });
    expect(findConfig(join(folder, 'a/b/c'))).toBe(inner);
    expect(projectFolder(inner)).toBe(join(folder, 'a'));
    expect(findConfig(folder)).toBe(outer);
    expect(projectFolder(outer)).toBe(folder);
  });

  it('refuses two in one folder and names them', () => {
    write('tidemark.config.ts', '');
    write('tidemark.config.json', '{}');
    expect(() => findConfig(folder)).toThrow(
      `${folder} has several configurations: tidemark.config.ts, tidemark.config.json`,
    );
  });

  it('takes a named one from the working folder, which must be a file', () => {
    const file = write('x/my.json', '{}');
    expect(findConfig(folder, 'x/my.json')).toBe(file);
    expect(() => findConfig(folder, 'nope.ts')).toThrow(
      `the configuration ${join(folder, 'nope.ts')} does not exist`,
    );
    expect(() => findConfig(folder, 'x')).toThrow('is not a file');
  });
});

describe('loadConfig', () => {
  const config = { environments: { local: { url: 'pglite:./x' } } };
  const literal = JSON.stringify(config);
  it.each([
    ['JSON', 'tidemark.config.json', `\uFEFF${JSON.stringify({ $schema: 'x', ...config })}`],
    ['an ES module', 'tidemark.config.mjs', `export default ${literal};`],
    ['a promise', 'tidemark.config.mjs', `export default Promise.resolve(${literal});`],
    ['a module without a package.json', 'tidemark.config.js', `export default ${literal};`],
    ['CommonJS', 'tidemark.config.cjs', `module.exports = ${literal};`],
    ['compiled CommonJS', 'tidemark.config.cjs', `exports.__esModule = true; exports.default = ${literal};`],
    [
      'TypeScript',
      'tidemark.config.ts',
      `const c: { environments: object } = ${literal}; export default c satisfies object;`,
    ],
    [
      'TypeScript with what Node does not strip',
      'tidemark.config.ts',
      `enum E { A } export default E.A === 0 ? ${literal} : {};`,
    ],
    ['.mts', 'tidemark.config.mts', `export default (${literal} as const);`],
    [
      'a program with top-level await',
      'tidemark.config.ts',
      `const c: object = await Promise.resolve(${literal}); export default c;`,
    ],
    [
      'defineConfig of a project that has not installed tidemark',
      'tidemark.config.ts',
      `import { defineConfig } from 'tidemark';\nexport default defineConfig(${literal});`,
    ],
    [
      'defineConfig in JavaScript',
      'tidemark.config.mjs',
      `import { defineConfig } from 'tidemark';\nexport default defineConfig(async () => (${literal}));`,
    ],
  ])('%s', async (_, name, text) => {
    expect(await loadConfig(write(name, text))).toEqual(config);
  });

  it('a function learns which environment is asked for', async () => {
    const file = write(
      'tidemark.config.ts',
      `export default ({ env }: { env?: string }) => ({ migrations: env ?? 'none' });`,
    );
    expect(await loadConfig(file, 'docker')).toEqual({ migrations: 'docker' });
    expect(await loadConfig(file)).toEqual({ migrations: 'none' });
  });

  it('imports its neighbours in TypeScript, with or without an extension', async () => {
    write('settings.ts', `export const folder: string = 'from-neighbour';`);
    const file = write(
      'tidemark.config.ts',
      `import { folder } from './settings';\nexport default { migrations: folder };`,
    );
    expect(await loadConfig(file)).toEqual({ migrations: 'from-neighbour' });
  });

  it.each([
    ['broken JSON', 'tidemark.config.json', '{ "url": }', /cannot be loaded: .*(JSON|token)/],
    ['a syntax error', 'tidemark.config.mjs', 'export default {', /cannot be loaded/],
    ['a syntax error in TypeScript', 'tidemark.config.ts', 'export default {', /cannot be loaded/],
    ['one that throws', 'tidemark.config.mjs', 'throw new Error("no luck")', /cannot be loaded: no luck/],
    ['one that throws a string', 'tidemark.config.mjs', 'throw "plain"', /cannot be loaded: plain/],
    [
      'a function that throws',
      'tidemark.config.mjs',
      'export default () => { throw new Error("late") }',
      /cannot be loaded: late/,
    ],
    [
      'a missing import',
      'tidemark.config.ts',
      'import "./nope.js"; export default {}',
      /cannot be loaded: .*nope/,
    ],
  ])('%s is an error with the file', async (_, name, text, message) => {
    const file = write(name, text);
    const error = await loadConfig(file).then(
      () => undefined,
      (e: Error) => e,
    );
    expect(error).toMatchObject({
      code: 'config-unloadable',
      exitCode: 2,
      message: expect.stringMatching(message),
    });
    expect(error?.message.startsWith(file)).toBe(true);
  });

  it.each([
    [
      'no default export',
      'tidemark.config.mjs',
      'export const x = 1;',
      'not nothing (is there an `export default`?)',
    ],
    [
      'no default export in TypeScript',
      'tidemark.config.ts',
      'export const x: number = 1;',
      'not nothing (is there an `export default`?)',
    ],
    ['a JSON list', 'tidemark.config.json', '[]', 'not an empty list'],
    [
      'a wrong key',
      'tidemark.config.ts',
      'export default { shema: "x" }',
      'unknown key "shema" (did you mean "schema"?)',
    ],
  ])('%s', async (_, name, text, message) => {
    await expect(loadConfig(write(name, text))).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining(message),
    });
  });
});

describe('loadEnvironment', () => {
  it('lets the configuration read the variables of .env, and the real ones win', async () => {
    write('.env', 'TM_A=file\nTM_B=file\nTIDEMARK_ENV=two\n');
    write(
      'tidemark.config.mjs',
      `export default { environments: { one: {}, two: { migrations: process.env.TM_A + process.env.TM_B } } };`,
    );
    process.env.TM_B = 'real';
    try {
      const environment = await loadEnvironment({ cwd: folder, flags: {}, env: process.env });
      expect(environment).toMatchObject({ name: 'two', root: folder, migrations: join(folder, 'filereal') });
    } finally {
      for (const name of ['TM_A', 'TM_B', 'TIDEMARK_ENV']) delete process.env[name];
    }
  });

  it('works without a configuration', async () => {
    const flags = { url: 'pglite:./db', schema: ['s.sql'], migrations: 'm', dev: 'embedded' };
    const environment = await loadEnvironment({ cwd: folder, flags, env: {} });
    expect(environment).toMatchObject({
      configFile: undefined,
      schema: [join(folder, 's.sql')],
      url: { path: join(folder, 'db') },
    });
  });
});
