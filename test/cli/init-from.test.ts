import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { loadConfig } from '../../src/project/load-config.js';
import { inProcess } from '../support/cli-in-process.js';
import { describeOldestAndNewest, withDatabase } from '../support/postgres-server.js';
import { openSession } from '../support/session.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-init-from-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (words: string[], folder = cwd) => inProcess(words, { cwd: folder });
const read = (path: string) => readFileSync(join(cwd, path), 'utf8');

async function fill(url: string, sql: string): Promise<void> {
  if (!url.startsWith('sqlite:')) {
    const session = await openSession(url);
    await session.run(sql);
    return session.close();
  }
  const database = await openDatabase(parseDatabaseUrl(url));
  await database.executeAll(sql.split(/;\s*/).filter(Boolean));
  return database.close();
}

/** From a database to a project that stands: the schema, the first migration, the history. */
async function expectAdopted(url: string): Promise<void> {
  const made = await run(['init', '--from', url, 'app', '--json']);
  expect(made, made.stderr).toMatchObject({ code: 0 });
  const { revision } = (JSON.parse(made.stdout) as { result: { revision: string } }).result;
  const app = join(cwd, 'app');
  const left = await run(['schema', 'diff', '--check', '--url', url], app);
  expect(left, left.stderr).toMatchObject({ code: 0 });
  for (const line of [`migrate stamp ${revision}`, 'status --check']) {
    const done = await run([...line.split(' '), '--url', url], app);
    expect(done, done.stdout + done.stderr).toMatchObject({ code: 0 });
  }
}

describeOldestAndNewest(
  'init --from a PostgreSQL database',
  (server) => {
    test('writes what is there, with a migration that makes it', () =>
      withDatabase(server, async (url) => {
        await fill(
          url,
          `CREATE TYPE mood AS ENUM ('good', 'bad');
           CREATE SCHEMA "Odd ""Name";
           CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood mood NOT NULL DEFAULT 'good');
           CREATE TABLE "Odd ""Name"."select" (id int REFERENCES users, CHECK (id IN (1, 2)));
           CREATE FUNCTION count_users() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM users';
           CREATE VIEW moods AS SELECT mood, count(*) FROM users GROUP BY mood;
           INSERT INTO users (mood) VALUES ('bad');`,
        );
        await expectAdopted(url);
        if (server.embedded) return;
        expect(read('app/tidemark.config.ts')).not.toContain(new URL(url).password || 'no password');
      }));
  },
  { embedded: true },
);

describe('init --from an SQLite file', () => {
  it('writes what is there, and the path as the configuration sees it', async () => {
    await fill(
      `sqlite:${join(cwd, 'data.db')}`,
      'CREATE TABLE u (id INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT * FROM u;',
    );
    await expectAdopted(`sqlite:${join(cwd, 'data.db')}`);
    expect(await loadConfig(join(cwd, 'app/tidemark.config.ts'))).toMatchObject({
      environments: { local: { url: 'sqlite:../data.db' } },
    });
  });

  it('takes an empty database for the start of a project', async () => {
    await fill(`sqlite:${join(cwd, 'data.db')}`, 'CREATE TABLE u (id INTEGER); DROP TABLE u;');
    expect(await run(['init', '--from', 'sqlite:data.db'])).toMatchObject({ code: 0 });
    expect(read('schema.sql')).toContain('An example to start from');
    expect(readdirSync(join(cwd, 'migrations'))).toEqual(['.gitattributes']);
  });

  it('touches nothing where a project has begun, and makes nothing when the database is missing', async () => {
    writeFileSync(join(cwd, 'schema.sql'), '-- mine\n');
    expect(await run(['init', '--from', 'sqlite:data.db'])).toMatchObject({ code: 4 });
    rmSync(join(cwd, 'schema.sql'));
    mkdirSync(join(cwd, 'migrations'));
    writeFileSync(join(cwd, 'migrations/1_a.sql'), '');
    expect(await run(['init', '--from', 'sqlite:data.db'])).toMatchObject({ code: 4 });
    rmSync(join(cwd, 'migrations'), { recursive: true });
    const missing = await run(['init', '--from', 'sqlite:data.db']);
    expect(missing.code).not.toBe(0);
    expect(readdirSync(cwd)).toEqual([]);
    expect(existsSync(join(cwd, 'data.db'))).toBe(false);
  });
});

describe('schema inspect --output', () => {
  const inspect = (...words: string[]) => run(['schema', 'inspect', 'wanted.sql', ...words]);
  beforeEach(() => {
    writeFileSync(
      join(cwd, 'wanted.sql'),
      `SET check_function_bodies = off;
       CREATE TYPE mood AS ENUM ('good');
       CREATE FUNCTION same(mood) RETURNS mood LANGUAGE sql IMMUTABLE RETURN $1;
       CREATE TABLE t (m mood DEFAULT same('good'));
       CREATE FUNCTION first_of() RETURNS t LANGUAGE sql BEGIN ATOMIC SELECT * FROM t; END;
       CREATE FUNCTION later() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM first_moods';
       CREATE VIEW first_moods AS SELECT (first_of()).m;`,
    );
  });

  it('writes a folder that reads as the same schema', async () => {
    expect(await inspect('--output', 'schema')).toMatchObject({ code: 0 });
    expect(readdirSync(join(cwd, 'schema'))).toEqual([
      '20_types.sql',
      '30_functions.sql',
      '50_tables.sql',
      '60_table_functions.sql',
      '70_views.sql',
    ]);
    expect(read('schema/30_functions.sql')).toContain('SET check_function_bodies = off');
    expect(read('schema/20_types.sql')).not.toContain('check_function_bodies');
    const diff = ['schema', 'diff', '--from', 'wanted.sql', '--to', 'schema', '--check'];
    expect(await run(diff)).toMatchObject({ code: 0 });
  });

  it('replaces only with --force, and only its own files', async () => {
    await inspect('--output', 'schema');
    writeFileSync(join(cwd, 'schema/mine.sql'), '-- mine\n');
    expect(await inspect('--output', 'schema')).toMatchObject({ code: 4 });
    writeFileSync(join(cwd, 'wanted.sql'), 'CREATE TABLE alone (id int);');
    expect(await inspect('--output', 'schema', '--force')).toMatchObject({ code: 0 });
    expect(readdirSync(join(cwd, 'schema'))).toEqual(['50_tables.sql', 'mine.sql']);
  });

  it('writes one file when the name ends in .sql', async () => {
    expect(await inspect('--output', 'kept/schema.sql')).toMatchObject({ code: 0 });
    expect(read('kept/schema.sql')).toContain('-- Types\n');
    expect(await inspect('--output', 'kept/schema.sql')).toMatchObject({ code: 4 });
  });
});
