import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { EMBEDDED_EXTENSIONS } from '../../src/database/embedded-extensions.js';
import { openEmbedded } from '../../src/database/embedded-postgres.js';
import { acquireLock } from '../../src/database/process-lock.js';
import { runChild } from './support/child.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-embedded-test-'));
  path = join(folder, 'not', 'there', 'yet');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const inMemory = <T>(work: (connection: Connection) => Promise<T>) => openedAt(undefined, work);
const opened = <T>(work: (connection: Connection) => Promise<T>) => openedAt(path, work);

async function openedAt<T>(at: string | undefined, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await openEmbedded({ path: at });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

const openInChild = `
  const { openEmbedded } = await load('database/embedded-postgres.ts');
  const open = (path) => openEmbedded({ path });`;

describe('extensions', () => {
  test('are there in any order, from any kind of statement, and after reopening', async () => {
    await opened(async (c) => {
      await c.executeAll(['CREATE TABLE before ()']);
      await c.executeAll([`DO $$ BEGIN EXECUTE 'CREATE EXTENSION IF NOT EXISTS ' || 'vec' || 'tor'; END $$`]);
      await c.executeAll([
        'CREATE TABLE e (v vector(3), name text)',
        "INSERT INTO e VALUES ('[1,2,3]', 'abc')",
      ]);
    });
    await opened(async (c) => {
      await c.executeAll([
        'CREATE INDEX ON e USING hnsw (v vector_l2_ops)',
        'CREATE EXTENSION pg_trgm',
        'CREATE EXTENSION earthdistance CASCADE',
      ]);
      await c.executeAll(['CREATE INDEX ON e USING gin (name gin_trgm_ops)']);
    });
    await opened(async (c) => {
      const [row] = await c.query(
        "SELECT v <-> '[1,2,5]' AS distance, similarity(name, 'abd') > 0 AS similar, earth() > 0 AS round FROM e",
      );
      expect(row).toEqual({ distance: 2, similar: true, round: true });
    });
  });

  test('every one of the table can be created', async () => {
    await inMemory(async (c) => {
      for (const name of EMBEDDED_EXTENSIONS)
        await c.executeAll([`CREATE EXTENSION "${name}" CASCADE`]).catch((error: Error) => {
          if (!/already exists/.test(error.message)) throw new Error(`${name}: ${error.message}`);
        });
      const rows = await c.query<{ name: string }>(
        "SELECT extname::text AS name FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1",
      );
      expect(rows.map((row) => row.name).sort()).toEqual([...EMBEDDED_EXTENSIONS]);
      expect(await c.query("SELECT encode(digest('a', 'sha256'), 'hex') AS d, unaccent('é') AS u")).toEqual([
        { d: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', u: 'e' },
      ]);
    });
  });

  test('are listed as available before anybody asked for one', async () => {
    await inMemory(async (c) => {
      const rows = await c.query<{ name: string }>(
        "SELECT name::text FROM pg_available_extensions WHERE name <> 'plpgsql'",
      );
      expect(rows.map((row) => row.name).sort()).toEqual([...EMBEDDED_EXTENSIONS]);
    });
  });

  test('one it lacks is named, with two ways out, and the session goes on', async () => {
    await inMemory(async (c) => {
      const error = await c
        .executeAll(['SELECT 1', 'CREATE EXTENSION postgis'])
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'extension-missing',
        details: { extension: 'postgis', statement: 1 },
        cause: { statement: 1 },
      });
      expect((error as { hints: string[] }).hints).toHaveLength(2);
      expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
  });
});

test('the version it claims is the one it is', async () => {
  await inMemory(async (c) => {
    const [row] = await c.query(
      "SELECT current_setting('server_version') AS text, current_setting('server_version_num')::int AS number",
    );
    expect([`PostgreSQL ${row?.text} (embedded)`, row?.number]).toEqual([c.version, c.versionNumber]);
  });
});

describe('the folder', () => {
  test("is made for its owner alone, and only the database's files stay in it", async () => {
    await opened((c) => c.executeAll(['CREATE TABLE t ()']));
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(readdirSync(path).filter((name) => name.startsWith('tidemark'))).toEqual([]);
    await opened(async (c) =>
      expect(await c.query("SELECT to_regclass('t')::text AS t")).toEqual([{ t: 't' }]),
    );
  });

  test('with something else in it is left alone', async () => {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'letter.txt'), 'dear');
    await expect(openEmbedded({ path })).rejects.toMatchObject({ code: 'not-a-database', exitCode: 2 });
    expect(readdirSync(path)).toEqual(['letter.txt']);
  });

  test('whose filling was cut off is filled anew', async () => {
    mkdirSync(join(path, 'base', '1'), { recursive: true });
    writeFileSync(join(path, 'base', '1', '112'), 'half');
    writeFileSync(join(path, 'tidemark.unfinished'), '');
    await opened(async (c) => expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]));
  });

  test('that is a file, or of another version, is an error with the path', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(openEmbedded({ path: join(folder, 'file') })).rejects.toMatchObject({
      code: 'cannot-connect',
    });
    await opened((c) => c.executeAll(['CREATE TABLE t ()']));
    writeFileSync(join(path, 'PG_VERSION'), '9\n');
    const error = await openEmbedded({ path }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'cannot-connect' });
    expect((error as Error).message).toContain(path);
    expect(existsSync(join(path, 'tidemark.lock'))).toBe(false);
  });
});

describe('two processes', () => {
  test('the second is told who has it open', async () => {
    const child = runChild(`${openInChild}
      const c = await open(${JSON.stringify(path)});
      say(process.pid);
      setInterval(() => {}, 1000);`);
    const pid = Number(await child.line());
    const error = await openEmbedded({ path }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'database-locked', exitCode: 4, details: { pid } });
    expect((error as Error).message).toContain(`process ${pid}`);
    child.process.kill('SIGTERM');
    await child.end();
  });

  test('a holder killed in the middle of work is succeeded, and what it committed is there', async () => {
    const child = runChild(`${openInChild}
      const c = await open(${JSON.stringify(path)});
      await c.executeAll(['CREATE EXTENSION vector', 'CREATE TABLE t (v vector)', "INSERT INTO t VALUES ('[1]')", 'BEGIN', "INSERT INTO t VALUES ('[2]')"]);
      say('ready');
      setInterval(() => {}, 1000);`);
    await child.line();
    child.process.kill('SIGKILL');
    await child.end();
    expect(existsSync(join(path, 'tidemark.lock'))).toBe(true);
    await opened(async (c) => expect(await c.query('SELECT v::text FROM t')).toEqual([{ v: '[1]' }]));
  });

  test('of many that find a dead lock exactly one takes it', async () => {
    const lock = join(folder, 'lock');
    writeFileSync(
      lock,
      JSON.stringify({ pid: 2 ** 22 - 3, host: (await import('node:os')).hostname(), token: 'dead' }),
    );
    const start = Date.now() + 1500;
    const children = Array.from({ length: 4 }, () =>
      runChild(`
        const { acquireLock } = await load('database/process-lock.ts');
        while (Date.now() < ${start});
        const got = acquireLock(${JSON.stringify(lock)});
        say('release' in got ? 'mine' : 'theirs');
        setTimeout(() => {}, 3000);`),
    );
    const answers = await Promise.all(children.map((child) => child.line()));
    expect(answers.sort()).toEqual(['"mine"', '"theirs"', '"theirs"', '"theirs"']);
    await Promise.all(children.map((child) => child.end()));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a lock of a process whose number another has now is dead; one of another machine is not', () => {
    const lock = join(folder, 'lock');
    const held = (facts: object) => {
      writeFileSync(lock, JSON.stringify({ pid: process.pid, host: '', token: 't', ...facts }));
      return acquireLock(lock);
    };
    expect(held({ host: 'elsewhere' })).toHaveProperty('heldBy.host', 'elsewhere');
    const mine = JSON.parse(readFileSync(lock, 'utf8'));
    expect(mine.token).toBe('t');
    rmSync(lock);
    const first = acquireLock(lock);
    const facts = JSON.parse(readFileSync(lock, 'utf8'));
    expect(acquireLock(lock)).toHaveProperty('heldBy.pid', process.pid);
    if ('release' in first) first.release();
    expect(held({ ...facts, began: 'long ago' })).toHaveProperty('release');
    writeFileSync(lock, 'no JSON at all');
    expect(acquireLock(lock)).toHaveProperty('release');
  });
});

describe('the template', () => {
  const entry = (cache: string) =>
    join(cache, readdirSync(cache).find((name) => name.startsWith('embedded-'))!);

  test('is made by two processes at once, and a damaged one is made anew', async () => {
    const cache = join(folder, 'cache');
    const body = `${openInChild}
      const c = await open(undefined);
      say(await c.query('SELECT 1 AS one'));
      await c.close();`;
    const children = [1, 2].map(() => runChild(body, { TIDEMARK_CACHE_DIR: cache }));
    expect(await Promise.all(children.map((child) => child.end()))).toEqual([
      '[{"one":1}]\n',
      '[{"one":1}]\n',
    ]);
    expect(readdirSync(cache)).toHaveLength(1);

    vi.stubEnv('TIDEMARK_CACHE_DIR', cache);
    const whole = statSync(entry(cache)).size;
    truncateSync(entry(cache), 1_000_000);
    await opened(async (c) => expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]));
    expect(statSync(entry(cache)).size).toBe(whole);
  });

  test('that is whole but no database is made anew too', async () => {
    const cache = join(folder, 'cache');
    vi.stubEnv('TIDEMARK_CACHE_DIR', cache);
    const { writeEntry } = await import('../../src/database/cache-folder.js');
    const { packageVersion } = await import('../../src/database/embedded-extensions.js');
    await writeEntry(`embedded-${packageVersion('@electric-sql/pglite')}-1`, Buffer.alloc(10_240));
    await inMemory(async (c) => expect(await c.query('SELECT 1 AS one')).toEqual([{ one: 1 }]));
    expect(statSync(entry(cache)).size).toBeGreaterThan(1_000_000);
  });
});
