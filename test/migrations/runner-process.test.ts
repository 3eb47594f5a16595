import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';
import { connect, splitter } from './support/database.js';
import { type TestFolder, testFolder } from './support/folder.js';
import { Runner } from './support/runner.js';

/** Every statement leaves a line in a ledger, so that one that ran twice or not at all shows. */
function ledgerMigrations(): Record<string, string> {
  const files: Record<string, string> = {
    '001_base.sql': `CREATE TABLE ledger (id int GENERATED ALWAYS AS IDENTITY, entry text);
      CREATE TABLE big AS SELECT i, i % 7 AS k FROM generate_series(1, 20000) i;`,
    '001_base.down.sql': 'DROP TABLE big; DROP TABLE ledger;',
  };
  for (let n = 2; n <= 11; n++) {
    const id = String(n).padStart(3, '0');
    const entries = (sign: string): string =>
      [1, 2, 3]
        .map((s) => `INSERT INTO ledger (entry) SELECT '${sign}${id}.${s}' FROM pg_sleep(0.01);`)
        .join('\n');
    const none = n % 4 === 0 ? '-- tidemark:transaction none\n' : '';
    const index = n % 3 === 0;
    const concurrently = index ? `CREATE INDEX CONCURRENTLY i${id} ON big (k, i);` : '';
    files[`${id}_m.sql`] = `${none}${concurrently}\n${entries('+')}`;
    files[`${id}_m.down.sql`] = `${none}${entries('-')}\n${index ? `DROP INDEX CONCURRENTLY i${id};` : ''}`;
  }
  return files;
}

describeOldestAndNewest('runner as a process', (server) => {
  let url: string;
  let db: Connection;
  let folder: TestFolder;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    ({ url, drop } = await freshDatabase(server));
    db = await connect(url);
    folder = await testFolder();
  });
  afterEach(async () => {
    await db.close();
    await drop();
    await folder.remove();
  });

  const ledger = async (): Promise<string[]> =>
    (await db.query<{ entry: string }>('SELECT entry FROM ledger ORDER BY id')).map((row) => row.entry);

  /** In one snapshot: what the history says is done is in the ledger, and nothing else but what is being done. */
  const requireTruth = async (sign: '+' | '-'): Promise<void> => {
    const [there] = await db.query<{ t: boolean }>(
      `SELECT to_regclass('ledger') IS NOT NULL AND to_regclass('tidemark.revision') IS NOT NULL AS t`,
    );
    if (!there!.t) return;
    const rows = await db.query<{ revision: string; state: string; n: number }>(`
      SELECT coalesce(r.revision, l.revision) AS revision, coalesce(r.state, 'absent') AS state, coalesce(l.n, 0)::int AS n
        FROM (SELECT * FROM tidemark.revision WHERE revision <> '001') r
        FULL JOIN (SELECT substr(entry, 2, 3) AS revision, count(*) AS n FROM ledger
                    WHERE left(entry, 1) = '${sign}' GROUP BY 1) l USING (revision)`);
    for (const { revision, state, n } of rows) {
      const allowed: Record<string, number[]> =
        sign === '+'
          ? { applied: [3], applying: [0, 1, 2, 3], absent: [0] }
          : { applied: [0], reverting: [0, 1, 2, 3], absent: [3] };
      expect(allowed[state], `${revision} is ${state} with ${n} entries`).toContain(n);
    }
  };

  test('killed at any moment, the next run goes on, and everything has run exactly once', async () => {
    await folder.put(ledgerMigrations());
    const kills = { up: 0, down: 0 };
    let halfDone = 0;
    for (const direction of ['up', 'down'] as const) {
      const target = direction === 'up' ? 'head' : 'base';
      for (let round = 0; round < 9; round++) {
        const runner = new Runner(direction, url, folder.path, { target, lockTimeoutMs: 20_000 });
        // By what it says it has begun, not by time: a busy machine must not move every kill before the work.
        await runner.untilEvents(1 + Math.floor(Math.random() * 8));
        await sleep(Math.random() * 15);
        if (runner.child.exitCode !== null) break;
        await runner.killed();
        kills[direction]++;
        const [half] = await db.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM tidemark.revision WHERE state <> 'applied'`,
        );
        halfDone += half!.n;
        await requireTruth(direction === 'up' ? '+' : '-');
      }
      const last = await new Runner(direction, url, folder.path, { target, lockTimeoutMs: 20_000 }).outcome();
      expect(last.code, last.message).toBeUndefined();
      if (direction === 'up') {
        const expected = Array.from({ length: 10 }, (_, n) =>
          [1, 2, 3].map((s) => `+${String(n + 2).padStart(3, '0')}.${s}`),
        ).flat();
        expect(await ledger()).toEqual(expected);
        const indexes = await db.query(`SELECT c.relname::text AS name, indisvalid AS valid FROM pg_index i
          JOIN pg_class c ON c.oid = i.indexrelid WHERE indrelid = 'big'::regclass ORDER BY 1`);
        expect(indexes).toEqual(['i003', 'i006', 'i009'].map((name) => ({ name, valid: true })));
      }
      const status = await migrationStatus(db, await readMigrationFolder(folder.path));
      expect(status.problems).toEqual([]);
      expect(status.current).toEqual(direction === 'up' ? ['011'] : []);
    }
    expect(kills.up).toBeGreaterThan(0);
    expect(kills.down).toBeGreaterThan(0);
    expect(halfDone, 'kills in the middle of a piece by piece migration').toBeGreaterThan(0);
    expect(await db.query(`SELECT to_regclass('ledger') AS l, to_regclass('big') AS b`)).toEqual([
      { l: null, b: null },
    ]);
    const done = await db.query(`SELECT operation, count(*)::int AS n FROM tidemark.log
      WHERE outcome = 'done' AND revision IS NOT NULL GROUP BY 1 ORDER BY 1`);
    expect(done).toEqual([
      { operation: 'down', n: 11 },
      { operation: 'up', n: 11 },
    ]);
  });

  test.each([
    ['the server ends it too', true, 'dropped the invalid index'],
    ['the server finishes it', false, 'had been built'],
  ])('killed while an index is built, and %s', async (_, terminate, note) => {
    const files = await folder.put({
      '1_t.sql': 'CREATE TABLE t (id int);',
      '2_i.sql': 'CREATE INDEX CONCURRENTLY i ON t (id); CREATE TABLE after_index (id int);',
    });
    await migrateUp(db, files, splitter, { target: 't' });
    const writer = await connect(url);
    try {
      // The build waits for whoever has written to the table.
      await writer.executeAll(['BEGIN', 'INSERT INTO t VALUES (1)']);
      const runner = new Runner('up', url, folder.path);
      const building = (): Promise<{ pid: number }[]> =>
        db.query(`SELECT pid FROM pg_stat_activity
          WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active' AND wait_event_type = 'Lock'`);
      while ((await building()).length === 0) await sleep(5);
      const [{ pid }] = (await building()) as [{ pid: number }];
      await runner.killed();
      if (terminate) await db.query('SELECT pg_terminate_backend($1)', [pid]);
      await writer.executeAll(['COMMIT']);
      while ((await db.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length > 0)
        await sleep(5);

      expect((await migrationStatus(db, files)).problems.map((problem) => problem.code)).toEqual([
        'history-unfinished',
        'run-interrupted',
      ]);
      const notes: string[] = [];
      await migrateUp(db, files, splitter, {
        onEvent: (event) => event.type === 'settled' && notes.push(event.note),
      });
      expect(notes).toEqual([expect.stringContaining(note)]);
      expect(
        await db.query(
          `SELECT to_regclass('after_index') IS NOT NULL AS rest, bool_and(indisvalid) AS valid, count(*)::int AS n
             FROM pg_index WHERE indrelid = 't'::regclass`,
        ),
      ).toEqual([{ rest: true, valid: true, n: 1 }]);
      expect((await migrationStatus(db, files)).problems).toEqual([]);
    } finally {
      await writer.close();
    }
  });

  test('two runners at once share the work, also while an index is built concurrently', async () => {
    await folder.put(ledgerMigrations());
    const outcomes = await Promise.all(
      [1, 2].map(() => new Runner('up', url, folder.path, { lockTimeoutMs: 30_000 }).outcome()),
    );
    expect(outcomes.map((outcome) => outcome.code)).toEqual([undefined, undefined]);
    expect(outcomes.map((outcome) => outcome.steps!.length).sort((a, b) => a - b)).toEqual([0, 11]);
    expect(await ledger()).toHaveLength(30);
  });

  test('a runner that waits too long says who holds the lock', async () => {
    const files = await folder.put({ '1_slow.sql': 'SELECT pg_sleep(30);' });
    const slow = new Runner('up', url, folder.path);
    await slow.until({ event: 'migration-started' });
    const running = (): Promise<{ pid: number }[]> =>
      db.query(
        `SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active' AND pid <> pg_backend_pid()`,
      );
    while ((await running()).length === 0) await sleep(10);
    const [{ pid }] = (await running()) as [{ pid: number }];

    const events: string[] = [];
    const refused = migrateUp(db, files, splitter, {
      lockTimeoutMs: 300,
      onEvent: (event) => events.push(event.type),
    });
    await expect(refused).rejects.toMatchObject({
      code: 'locked',
      exitCode: 4,
      details: { holder: { pid, application: 'tidemark' } },
    });
    const error = (await refused.catch((thrown: unknown) => thrown)) as Error & { hints: string[] };
    expect(error.message).toContain(`server process ${pid} (user `);
    expect(error.message).toMatch(/application tidemark, from .+, connected since \d{4}-/);
    expect(error.hints).toContain('It runs: SELECT pg_sleep(30)');
    expect(events).toEqual(['waiting-for-lock']);

    const status = await migrationStatus(db, files);
    expect(status.running?.pid).toBe(pid);
    expect(status.lastRun?.outcome).toBe('running');
    expect(status.problems).toEqual([]);

    await db.query('SELECT pg_terminate_backend($1)', [pid]);
    const lost = await slow.outcome();
    expect(lost.code).toBe('connection-lost');
    expect(lost.message).toContain('the connection was lost while 1_slow ran');
    const after = await migrationStatus(db, files);
    expect(after).toMatchObject({ current: [], running: null, problems: [{ code: 'run-interrupted' }] });

    const quick = await folder.put({ '1_slow.sql': 'SELECT 1;' });
    await migrateUp(db, quick, splitter);
    expect((await migrationStatus(db, quick)).problems).toEqual([]);
  });

  test('a connection lost in the middle of a piece by piece migration is taken up again', async () => {
    await folder.put({
      '1_slow.sql': `-- tidemark:transaction none
        CREATE TABLE t (id int); INSERT INTO t VALUES (1); INSERT INTO t SELECT 2 FROM pg_sleep(20); INSERT INTO t VALUES (3);`,
    });
    const slow = new Runner('up', url, folder.path);
    await slow.until({ event: 'migration-started' });
    const kill = (): Promise<unknown[]> =>
      db.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query LIKE '%pg_sleep(20)%' AND state = 'active' AND wait_event = 'PgSleep'`);
    while ((await kill()).length === 0) await sleep(10);
    expect((await slow.outcome()).code).toBe('connection-lost');
    const fixed = await folder.put({
      '1_slow.sql': `-- tidemark:transaction none
        CREATE TABLE t (id int); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); INSERT INTO t VALUES (3);`,
    });
    expect((await migrationStatus(db, fixed)).migrations[0]).toMatchObject({
      state: 'applying',
      statementsDone: 2,
    });
    await migrateUp(db, fixed, splitter);
    expect(await db.query('SELECT id FROM t ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  test('a lock that is not got in time is tried for again', async () => {
    await migrateUp(db, await folder.put({ '1_a.sql': 'CREATE TABLE a (id int);' }), splitter);
    const other = await connect(url);
    try {
      const files = await folder.put({ '2_a.sql': 'CREATE TABLE before (id int); ALTER TABLE a ADD b int;' });
      await other.executeAll(['BEGIN', 'LOCK TABLE a IN ACCESS SHARE MODE']);
      const error = await migrateUp(db, files, splitter, {
        statementLockTimeoutMs: 50,
        lockRetries: 1,
      }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'migration-failed', details: { sqlstate: '55P03', statement: 2 } });
      let retries = 0;
      await migrateUp(db, files, splitter, {
        statementLockTimeoutMs: 50,
        lockRetries: 100,
        onEvent: (event) => {
          if (event.type === 'retry' && ++retries === 2) void other.executeAll(['COMMIT']);
        },
      });
      expect(retries).toBeGreaterThanOrEqual(2);
      expect((await migrationStatus(db, files)).current).toEqual(['2']);
    } finally {
      await other.close();
    }
  });
});
