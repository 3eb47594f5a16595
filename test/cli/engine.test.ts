import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/database/open-database.js';
import { engineOf } from '../../src/planning/state-source.js';
import { inProcess } from '../support/cli-in-process.js';

/** Fits SQLite and nothing else: backquotes, AUTOINCREMENT, STRICT. */
const SQLITE_ONLY = 'CREATE TABLE `users` (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT) STRICT;\n';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-engine-'));
  writeFileSync(join(cwd, 'a.sql'), SQLITE_ONLY);
  writeFileSync(join(cwd, 'schema.sql'), SQLITE_ONLY);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string, env: Record<string, string> = {}) => inProcess(line.split(' '), { cwd, env });

async function makeDatabase(sql: string): Promise<void> {
  const path = join(cwd, 'a.db');
  const database = await openDatabase({ engine: 'sqlite', adapter: 'sqlite', path });
  await database.executeAll([sql]);
  await database.close();
}

describe('the engine comes from the state that is named', () => {
  const table = 'CREATE TABLE old (x TEXT) STRICT';

  it.each([
    ['schema inspect sqlite:a.db', 'CREATE TABLE old'],
    ['schema diff --from sqlite:a.db --to a.sql', 'CREATE TABLE `users`'],
    ['schema diff --from a.sql --to sqlite:a.db', 'CREATE TABLE old'],
    ['schema diff --from empty --to sqlite:a.db', 'CREATE TABLE old'],
    ['schema diff --from sqlite:a.db', 'CREATE TABLE `users`'],
    ['schema diff --from sqlite:a.db --to a.sql --url postgres://nowhere.invalid/x', 'CREATE TABLE `users`'],
  ])('%s', async (line, expected) => {
    await makeDatabase(table);
    const result = await run(line);
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining(expected) });
  });

  it('two databases of different engines are refused, in words', async () => {
    await makeDatabase(table);
    const result = await run('schema diff --from sqlite:a.db --to postgres://u@127.0.0.1:1/d');
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/a\.db and postgres:\/\/u@127\.0\.0\.1:1\/d are databases of different/);
  });
});

describe('without a database', () => {
  it.each([
    'schema diff --from empty --to a.sql',
    'migrate diff first',
    'migrate validate',
    'migrate validate --replay',
  ])('%s has the engine of the dev database', async (line) => {
    if (line.startsWith('migrate validate')) {
      expect((await run('migrate diff first --dev sqlite:memory')).code).toBe(0);
    }
    expect(await run(`${line} --dev sqlite:memory`)).toMatchObject({ code: 0 });
    writeFileSync(join(cwd, 'tidemark.config.json'), '{ "dev": "sqlite:memory" }');
    expect(await run(line)).toMatchObject({ code: 0 });
  });

  it('and without a dev database that says, it is PostgreSQL', async () => {
    expect(await run('schema diff --from empty --to a.sql')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: syntax error at or near/),
    });
  });

  it('a file or folder as dev is refused, because it may hold data', async () => {
    mkdirSync(join(cwd, 'p'));
    for (const dev of ['sqlite:a.db', 'pglite:p']) {
      expect(await run(`schema diff --from empty --to a.sql --dev ${dev}`)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('nothing is tried out in a file or folder'),
      });
    }
  });
});

describe('engineOf', () => {
  const sqlite = (path: string) =>
    ({ type: 'database', label: path, url: { engine: 'sqlite', adapter: 'sqlite', path } }) as const;
  const embedded = {
    type: 'database',
    label: 'e',
    url: { engine: 'postgres', adapter: 'embedded', path: 'e' },
  } as const;
  const nothing = { type: 'empty', label: 'nothing' } as const;

  it('is what the databases among the states agree on', () => {
    expect(engineOf([])).toBeUndefined();
    expect(engineOf([nothing, { type: 'scripts', label: 's', files: [] }])).toBeUndefined();
    expect(engineOf([nothing, sqlite('a')])).toBe('sqlite');
    expect(engineOf([embedded, nothing])).toBe('postgres');
    expect(engineOf([sqlite('a'), sqlite('b')])).toBe('sqlite');
    expect(() => engineOf([embedded, nothing, sqlite('a')])).toThrow(/^e and a are databases of different/);
  });
});
