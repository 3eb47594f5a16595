import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openProject, type Project } from '../../src/index.js';
import { describeOldestAndNewest, freshDatabase, query } from '../support/postgres-server.js';
import { type ProjectFolder, projectFolder } from './support/project-folder.js';

let folder: ProjectFolder;
beforeEach(() => {
  folder = projectFolder();
});
afterEach(() => folder.remove());

/** What a call that was given up ends with, and how long after `abort` that was. */
async function givenUp(call: Promise<unknown>, controller: AbortController) {
  const began = Date.now();
  controller.abort(new Error('enough'));
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return {
    error: error as { code: string; message: string; hints: string[]; cause: Error },
    ms: Date.now() - began,
  };
}

describeOldestAndNewest('a call that is given up', (server) => {
  let url: string;
  let drop: () => Promise<void>;
  let project: Project;
  beforeEach(async () => {
    ({ url, drop } = await freshDatabase(server));
    project = await openProject({ folder: folder.path, url });
  });
  afterEach(async () => {
    await project.close();
    await drop();
  });

  const asleep = () =>
    query(
      url,
      "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
    );
  const until = async (condition: () => Promise<boolean>) => {
    while (!(await condition())) await sleep(5);
  };
  const locks = () =>
    query(
      url,
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );

  test('cancels the statement, rolls back, says so in the history, releases the lock, and goes on', async () => {
    const slow = (seconds: number) =>
      `CREATE TABLE t (id int); SELECT pg_sleep(${seconds}); INSERT INTO t VALUES (1);`;
    await folder.migrations({ '1_first.sql': 'CREATE TABLE first (id int);', '2_slow.sql': slow(600) });
    const controller = new AbortController();
    const call = project.migrate.up({ signal: controller.signal });
    await until(async () => (await asleep()).length > 0);
    const { error, ms } = await givenUp(call, controller);
    expect(error).toMatchObject({
      name: 'TidemarkError',
      code: 'aborted',
      exitCode: 1,
      message: 'the run was aborted while 2_slow ran (enough)',
      details: { revision: '2', direction: 'up', migrationsDone: 1 },
      cause: { message: 'enough' },
    });
    expect(error.hints).toContain('Nothing of this migration was kept.');
    expect(error.hints).toContain('1 migration before it in this run stays applied.');
    expect(ms).toBeLessThan(5000);
    expect(await asleep()).toEqual([]);
    expect(await locks()).toEqual([]);
    expect(await query(url, "SELECT to_regclass('t') AS t")).toEqual([{ t: null }]);
    const log = await query(url, 'SELECT revision, outcome, error FROM tidemark.log ORDER BY id');
    expect(log).toEqual([
      { revision: null, outcome: 'started', error: null },
      { revision: '1', outcome: 'done', error: null },
      { revision: '2', outcome: 'interrupted', error: 'aborted (enough)' },
      { revision: null, outcome: 'interrupted', error: 'aborted (enough)' },
    ]);

    expect(await project.migrate.status()).toMatchObject({
      current: ['1'],
      pending: 1,
      problems: [],
      lastRun: { outcome: 'interrupted' },
    });
    await folder.migrations({ '2_slow.sql': slow(0) });
    const events: string[] = [];
    const result = await project.migrate.up({ onEvent: ({ type }) => events.push(type) });
    expect(result).toMatchObject({ before: ['1'], after: ['2'] });
    expect(events).toEqual(['migration-started', 'migration-done']);
    expect(await query(url, 'SELECT id FROM t')).toEqual([{ id: 1 }]);
  });

  test('keeps what a piece by piece migration has done, and is taken up there', async () => {
    const slow = (seconds: number) => `-- tidemark:transaction none
      CREATE TABLE t (id int); INSERT INTO t VALUES (1); SELECT pg_sleep(${seconds}); INSERT INTO t VALUES (2);`;
    await folder.migrations({ '1_slow.sql': slow(600) });
    const controller = new AbortController();
    const call = project.migrate.up({ signal: controller.signal });
    await until(async () => (await asleep()).length > 0);
    const { error } = await givenUp(call, controller);
    expect(error).toMatchObject({ code: 'aborted' });
    expect(error.hints[0]).toContain('Of its 4 statements the first 2 hold');
    expect(await project.migrate.status()).toMatchObject({
      migrations: [{ state: 'applying', statementsDone: 2, error: 'interrupted' }],
    });
    await folder.migrations({ '1_slow.sql': slow(0) });
    await project.migrate.up();
    expect(await query(url, 'SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test('stops an index that is built concurrently, and the next run builds it', async () => {
    await folder.migrations({
      '1_t.sql': 'CREATE TABLE t (id int);',
      '2_i.sql': 'CREATE INDEX CONCURRENTLY i ON t (id);',
    });
    await project.migrate.up({ to: '+1' });
    const { Client } = (await import('pg')).default;
    const writer = new Client({ connectionString: url });
    await writer.connect();
    try {
      // An old snapshot is what the build waits for.
      await writer.query('BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO t VALUES (1)');
      const controller = new AbortController();
      const call = project.migrate.up({ signal: controller.signal });
      await until(
        async () =>
          (
            await query(
              url,
              "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'",
            )
          ).length > 0,
      );
      expect((await givenUp(call, controller)).error).toMatchObject({ code: 'aborted' });
    } finally {
      await writer.query('COMMIT');
      await writer.end();
    }
    expect(await locks()).toEqual([]);
    await project.migrate.up();
    expect(
      await query(url, "SELECT indisvalid AS valid FROM pg_index WHERE indrelid = 't'::regclass"),
    ).toEqual([{ valid: true }]);
  });

  test('stops waiting for another runner at once', async () => {
    await folder.migrations({ '1_slow.sql': 'SELECT pg_sleep(600);' });
    const holder = await openProject({ folder: folder.path, url });
    const held = new AbortController();
    const holding = holder.migrate.up({ signal: held.signal });
    await until(async () => (await asleep()).length > 0);
    const controller = new AbortController();
    let waiting = false;
    const call = project.migrate.up({
      signal: controller.signal,
      onEvent: ({ type }) => {
        waiting ||= type === 'waiting-for-lock';
      },
    });
    await until(async () => waiting);
    const { error, ms } = await givenUp(call, controller);
    expect(error).toMatchObject({
      code: 'aborted',
      message: 'aborted while waiting for another run to end; nothing was changed (enough)',
    });
    expect(ms).toBeLessThan(1000);
    // The one that works is not touched by it.
    expect(await asleep()).toHaveLength(1);
    expect((await givenUp(holding, held)).error).toMatchObject({ code: 'aborted' });
    await holder.close();
    expect(await locks()).toEqual([]);
  });

  test('closing the project gives up what is at work', async () => {
    await folder.migrations({ '1_slow.sql': 'CREATE TABLE t (id int); SELECT pg_sleep(600);' });
    const call = project.migrate.up();
    const outcome = expect(call).rejects.toMatchObject({
      code: 'aborted',
      message: 'the run was aborted while 1_slow ran (the project was closed)',
    });
    const queued = expect(project.migrate.down()).rejects.toMatchObject({ code: 'aborted' });
    await until(async () => (await asleep()).length > 0);
    await project.close();
    await outcome;
    await queued;
    expect(await asleep()).toEqual([]);
    expect(await query(url, "SELECT to_regclass('t') AS t")).toEqual([{ t: null }]);
    await expect(project.migrate.status()).rejects.toMatchObject({ code: 'project-closed' });
    expect(
      await query(
        url,
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'tidemark' AND datname = current_database()",
      ),
    ).toEqual([]);
  });

  test('a migration in TypeScript is not waited for, and can say goodbye', async () => {
    await folder.migrations({
      '1_program.mjs': `export async function upgrade(db) {
        await db.execute('CREATE TABLE t (id int)');
        db.log('waiting');
        db.signal.addEventListener('abort', () => { globalThis.heard = db.signal.reason.message; });
        await new Promise((resolve) => { globalThis.wake = resolve; });
        globalThis.late = await db.execute('INSERT INTO t VALUES (1)').catch((error) => error);
      }`,
    });
    const controller = new AbortController();
    let waiting = false;
    const call = project.migrate.up({
      signal: controller.signal,
      onEvent: ({ type }) => {
        waiting ||= type === 'message';
      },
    });
    await until(async () => waiting);
    expect((await givenUp(call, controller)).error).toMatchObject({ code: 'aborted' });
    const told = globalThis as { heard?: string; wake?: () => void; late?: unknown };
    expect(told.heard).toBe('enough');
    expect(await locks()).toEqual([]);
    // It is still running somewhere, but nothing of it reaches the database.
    told.wake?.();
    await until(async () => told.late !== undefined);
    expect(told.late).toMatchObject({ code: 'aborted' });
    expect(await query(url, "SELECT to_regclass('t') AS t")).toEqual([{ t: null }]);
  });

  test('at random moments: nothing half done, nothing left behind', async () => {
    const files = Array.from({ length: 8 }, (_, n) => [
      `${n + 1}_m.sql`,
      `${n === 0 ? 'CREATE TABLE ran (n int);' : ''} INSERT INTO ran SELECT ${n + 1} FROM pg_sleep(0.004);`,
    ]);
    await folder.migrations(Object.fromEntries(files));
    let interrupted = 0;
    for (let round = 0; round < 25; round++) {
      const call = project.migrate.up({ signal: AbortSignal.timeout(Math.floor(Math.random() * 40)) });
      const error = await call.then(
        () => undefined,
        (thrown: { code: string }) => thrown,
      );
      if (error !== undefined) expect(error.code).toBe('aborted');
      interrupted += error === undefined ? 0 : 1;
      const { current, problems } = await project.migrate.status();
      expect(problems).toEqual([]);
      const ran = current.length === 0 ? [] : await query(url, 'SELECT n FROM ran ORDER BY n');
      expect(ran.map(({ n }) => n)).toEqual(Array.from({ length: Number(current[0] ?? 0) }, (_, n) => n + 1));
      expect(await locks()).toEqual([]);
      if (current[0] === '8') await project.migrate.down({ to: 'base' }).catch(() => undefined);
    }
    expect(interrupted).toBeGreaterThan(0);
    await project.migrate.up();
    expect(await query(url, 'SELECT count(*)::int AS n FROM ran')).toEqual([{ n: 8 }]);
  });
});

describe('a call that is given up on SQLite', () => {
  let project: Project;
  beforeEach(async () => {
    project = await openProject({ folder: folder.path, url: 'sqlite:app.db' });
  });
  afterEach(() => project.close());

  test('before it began: nothing is touched', async () => {
    await folder.migrations({ '1_a.sql': 'CREATE TABLE a (id);' });
    for (const verb of ['up', 'down', 'status', 'history', 'validate', 'hash'] as const) {
      await expect(project.migrate[verb]({ signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'aborted',
        message: 'aborted before anything was changed (This operation was aborted)',
      });
    }
    expect(existsSync(join(folder.path, 'app.db'))).toBe(false);
  });

  test('stops between two statements', async () => {
    const fill =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO a SELECT i FROM n;';
    await folder.migrations({
      '1_a.sql': 'CREATE TABLE a (id);',
      '2_fill.sql': Array.from({ length: 2000 }, () => fill).join('\n'),
    });
    const controller = new AbortController();
    const call = project.migrate.up({
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'migration-started' && event.index === 1) setTimeout(() => controller.abort(), 20);
      },
    });
    await expect(call).rejects.toMatchObject({
      code: 'aborted',
      message: expect.stringContaining('while 2_fill ran'),
    });
    expect(existsSync(join(folder.path, 'app.db-tidemark'))).toBe(false);
    expect(await project.migrate.status()).toMatchObject({
      current: ['1'],
      problems: [],
      lastRun: { outcome: 'interrupted' },
    });
    const db = await project.connection();
    expect(await db.query('SELECT count(*) AS n FROM a')).toEqual([{ n: 0 }]);
    expect(await db.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
    await folder.migrations({ '2_fill.sql': fill });
    expect(await project.migrate.up()).toMatchObject({ after: ['2'] });
  });

  test('stops between two migrations', async () => {
    await folder.migrations({ '1_a.sql': 'CREATE TABLE a (id);', '2_b.sql': 'CREATE TABLE b (id);' });
    const controller = new AbortController();
    const call = project.migrate.up({
      signal: controller.signal,
      onEvent: ({ type }) => type === 'migration-done' && controller.abort('enough'),
    });
    await expect(call).rejects.toMatchObject({
      code: 'aborted',
      message: 'the run was aborted before the next migration (enough)',
      hints: ['1 migration before it in this run stays applied.', 'Run it again: it goes on from there.'],
      details: { revision: null, direction: 'up', migrationsDone: 1 },
    });
    const { current, log } = await project.migrate.history();
    expect(current).toEqual(['1']);
    expect(log.at(-1)).toMatchObject({ revision: null, outcome: 'interrupted', error: 'aborted (enough)' });
    expect(await project.migrate.up()).toMatchObject({ after: ['2'] });
  });

  test('a signal changes nothing of a run that it does not stop, the place of an error included', async () => {
    await folder.migrations({ '1_a.sql': 'CREATE TABLE a (id);\n\nINSERT INTO b VALUES (1);' });
    const { signal } = new AbortController();
    await expect(project.migrate.up({ signal })).rejects.toMatchObject({
      code: 'migration-failed',
      location: { line: 3 },
      details: { statement: 2 },
    });
    await folder.migrations({
      '1_a.sql': '-- tidemark:transaction none\nCREATE TABLE a (id);\nINSERT INTO b VALUES (1);',
    });
    await expect(project.migrate.up({ signal })).rejects.toMatchObject({
      code: 'migration-failed',
      location: { line: 3 },
      details: { statement: 2, statementsDone: 1 },
    });
  });

  test('stops waiting for another runner at once', async () => {
    await folder.migrations({
      '1_program.mjs': `export const upgrade = (db) => new Promise((resolve) => {
        db.log('holding');
        db.signal.addEventListener('abort', resolve);
      });`,
    });
    const holder = await openProject({ folder: folder.path, url: 'sqlite:app.db' });
    const held = new AbortController();
    const events: string[] = [];
    const onEvent = ({ type }: { type: string }) => void events.push(type);
    const holding = holder.migrate.up({ signal: held.signal, onEvent });
    while (!events.includes('message')) await sleep(5);
    const controller = new AbortController();
    const call = project.migrate.up({ signal: controller.signal, onEvent });
    while (!events.includes('waiting-for-lock')) await sleep(5);
    const { error, ms } = await givenUp(call, controller);
    expect(error).toMatchObject({ code: 'aborted', message: expect.stringContaining('while waiting') });
    expect(ms).toBeLessThan(500);
    expect((await givenUp(holding, held)).error).toMatchObject({ code: 'aborted' });
    await holder.close();
    expect(existsSync(join(folder.path, 'app.db-tidemark'))).toBe(false);
  });

  test('what plans is given up too, and writes nothing', async () => {
    folder.write('schema.sql', 'CREATE TABLE a (id INTEGER PRIMARY KEY);\n');
    const controller = new AbortController();
    const call = project.migrate.diff({ name: 'first', signal: controller.signal });
    expect((await givenUp(call, controller)).error).toMatchObject({ code: 'aborted' });
    expect(existsSync(join(folder.path, 'migrations', 'tidemark.sum'))).toBe(false);
    expect(await project.migrate.diff({ name: 'first' })).toMatchObject({ changed: true });
  });
});

test('a call that is given up on the embedded database stops between two statements', async () => {
  await folder.migrations({
    '1_a.sql': 'CREATE TABLE a (id int);',
    '2_fill.sql': 'INSERT INTO a SELECT generate_series(1, 1000);\n'.repeat(1000),
  });
  const project = await openProject({ folder: folder.path, url: 'pglite:memory' });
  try {
    const controller = new AbortController();
    const call = project.migrate.up({
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'migration-started' && event.index === 1) setTimeout(() => controller.abort(), 20);
      },
    });
    await expect(call).rejects.toMatchObject({ code: 'aborted', details: { revision: '2' } });
    const db = await project.connection();
    expect(await db.query('SELECT count(*)::int AS n FROM a')).toEqual([{ n: 0 }]);
    expect(await project.migrate.status()).toMatchObject({ current: ['1'], problems: [] });
    await folder.migrations({ '2_fill.sql': 'INSERT INTO a VALUES (1);' });
    expect(await project.migrate.up()).toMatchObject({ after: ['2'] });
  } finally {
    await project.close();
  }
});
