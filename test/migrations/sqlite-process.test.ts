import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';
import { connect } from './support/database.js';
import { type TestFolder, testFolder } from './support/folder.js';
import { Runner } from './support/runner.js';

const ROWS = 8_000;

const BASE = `
CREATE TABLE owner (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE item (id INTEGER PRIMARY KEY, owner INTEGER REFERENCES owner (id) ON DELETE CASCADE, value TEXT);
CREATE INDEX item_owner ON item (owner);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${ROWS})
INSERT INTO owner SELECT i, 'owner ' || i FROM n;
INSERT INTO item SELECT id, id, printf('%0100d', id) FROM owner;`;

/** Makes the parent anew, three times over to last longer, and a table that says that it has run. */
const anew = (type: string, mark: string) => `PRAGMA foreign_keys = OFF;
${[1, 2, 3]
  .map(
    () => `CREATE TABLE new_owner (id INTEGER PRIMARY KEY, name ${type});
INSERT OR ABORT INTO new_owner SELECT id, name FROM owner;
DROP TABLE owner;
ALTER TABLE new_owner RENAME TO owner;`,
  )
  .join('\n')}
${mark};`;

let folder: TestFolder;
let url: string;
let path: string;
let db: Connection;

beforeEach(async () => {
  folder = await testFolder();
  path = join(folder.path, 'app.db');
  url = `sqlite:${path}`;
  db = await connect(url);
});
afterEach(async () => {
  await db.close();
  await folder.remove();
});

/** One of the two whole states, and the history that belongs to it. */
async function requireWhole(): Promise<'old' | 'new'> {
  expect(await db.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  expect(await db.query('PRAGMA foreign_key_check')).toEqual([]);
  const [rows] = await db.query(`SELECT count(*) AS items, sum(value) AS sum,
    (SELECT count(*) FROM owner WHERE name = 'owner ' || id) AS owners FROM item`);
  expect(rows).toEqual({ items: ROWS, sum: (ROWS * (ROWS + 1)) / 2, owners: ROWS });
  const [state] = await db.query<{ type: string; mark: number; recorded: number; left: number }>(`SELECT
    (SELECT type FROM pragma_table_info('owner') WHERE name = 'name') AS type,
    (SELECT count(*) FROM sqlite_schema WHERE name = 'mark') AS mark,
    (SELECT count(*) FROM sqlite_schema WHERE name = 'new_owner') AS left,
    (SELECT count(*) FROM tidemark_revision WHERE revision = '2') AS recorded`);
  const whole = {
    old: { type: 'TEXT', mark: 0, recorded: 0, left: 0 },
    new: { type: 'VARCHAR(50)', mark: 1, recorded: 1, left: 0 },
  };
  const is = state!.recorded === 1 ? 'new' : 'old';
  expect(state).toEqual(whole[is]);
  return is;
}

test.each(['DELETE', 'WAL'])(
  'killed at any moment, the old database is whole or the new one (%s)',
  async (journal) => {
    await db.query(`PRAGMA journal_mode = ${journal}`);
    await migrateUp(db, await folder.put({ '1_base.sql': BASE }), sqliteDialect);
    await folder.put({
      '2_anew.sql': anew('VARCHAR(50)', 'CREATE TABLE mark (a)'),
      '2_anew.down.sql': anew('TEXT', 'DROP TABLE mark'),
    });
    let kills = 0;
    let state: 'old' | 'new' = 'old';
    for (let round = 0; round < 6; round++) {
      const runner = new Runner(state === 'old' ? 'up' : 'down', url, folder.path, { lockTimeoutMs: 20_000 });
      await runner.until({ ready: true });
      // The driver works without a pause, so the moment can only be chosen blindly.
      await sleep(Math.random() * 150);
      if (runner.child.exitCode === null) kills += 1;
      await runner.killed();
      state = await requireWhole();
    }
    expect(kills).toBeGreaterThan(0);
    const last = await new Runner('up', url, folder.path, {
      target: 'head',
      lockTimeoutMs: 20_000,
    }).outcome();
    expect(last.code, last.message).toBeUndefined();
    expect(await requireWhole()).toBe('new');
    expect(existsSync(`${path}-tidemark`)).toBe(false);
  },
);

test('several runners at once share the work', async () => {
  const steps = Array.from({ length: 12 }, (_, n) => [
    `${n + 1}_step.sql`,
    n === 0 ? 'CREATE TABLE ledger (step);' : `INSERT INTO ledger VALUES (${n + 1});`,
  ]);
  await folder.put(Object.fromEntries(steps));
  const outcomes = await Promise.all(
    [1, 2, 3].map(() => new Runner('up', url, folder.path, { lockTimeoutMs: 60_000 }).outcome()),
  );
  expect(outcomes.map(({ code, message }) => message ?? code)).toEqual([undefined, undefined, undefined]);
  expect(outcomes.map(({ steps }) => steps!.length).sort((a, b) => a - b)).toEqual([0, 0, 12]);
  expect(await db.query('SELECT count(*) AS n, sum(step) AS sum FROM ledger')).toEqual([{ n: 11, sum: 77 }]);
});

test('a process that writes meanwhile neither corrupts nor is corrupted', async () => {
  await db.query('PRAGMA journal_mode = WAL');
  await migrateUp(db, await folder.put({ '1_base.sql': BASE }), sqliteDialect);
  await folder.put({ '2_anew.sql': anew('VARCHAR(50)', 'CREATE TABLE mark (a)') });
  const runner = new Runner('up', url, folder.path, { lockTimeoutMs: 60_000, lockRetries: 50 });
  const outcome = runner.outcome();
  let ended = false;
  void outcome.then(() => (ended = true));
  let written = 0;
  while (!ended) {
    await db.executeAll([`UPDATE owner SET name = 'owner ' || id WHERE id = ${1 + (written % ROWS)}`]);
    written += 1;
    await sleep(5);
  }
  expect((await outcome).code).toBeUndefined();
  expect(written).toBeGreaterThan(0);
  expect(await requireWhole()).toBe('new');
});

test('a runner that waits too long says which process has the lock', async () => {
  const holder = new Runner('up', url, folder.path, {});
  await folder.put({
    '1_slow.ts': `import { setTimeout as sleep } from 'node:timers/promises';
      export async function upgrade() { await sleep(60_000); }`,
  });
  await holder.until({ event: 'migration-started' });
  const refused = await new Runner('up', url, folder.path, { lockTimeoutMs: 200 }).outcome();
  expect(refused).toMatchObject({ code: 'locked', exitCode: 4 });
  expect(refused.message).toContain(`another run of tidemark is at work on ${path}`);
  if (process.platform === 'linux') expect(refused.message).toContain(`process ${holder.child.pid} (node`);
  await holder.killed();
});
