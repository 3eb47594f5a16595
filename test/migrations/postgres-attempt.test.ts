import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { beforeAttempt, settleAttempt } from '../../src/migrations/postgres-attempt.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';
import { connect } from './support/database.js';

describeOldestAndNewest('a statement whose end was not recorded', (server) => {
  let db: Connection;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    const database = await freshDatabase(server);
    drop = database.drop;
    db = await connect(database.url);
    await db.executeAll([
      'CREATE SCHEMA "We;ird"',
      'CREATE TABLE "We;ird"."T a" (id int)',
      'INSERT INTO "We;ird"."T a" VALUES (1), (1)',
    ]);
  });
  afterEach(async () => {
    await db.close();
    await drop();
  });

  const indexes = async (): Promise<string[]> =>
    (
      await db.query<{ name: string }>(
        `SELECT c.relname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
          WHERE i.indrelid = '"We;ird"."T a"'::regclass ORDER BY 1`,
      )
    ).map((row) => row.name);

  /** Runs it, whatever comes of it, then asks how it ended. */
  const settle = async (sql: string) => {
    const before = await beforeAttempt(db, sql);
    await db.executeAll([sql]).catch(() => {});
    return settleAttempt(db, { statement: 0, sql, before: JSON.parse(JSON.stringify(before)) });
  };

  test.each([
    'CREATE UNIQUE INDEX CONCURRENTLY i ON "We;ird"."T a" (id)',
    'CREATE UNIQUE INDEX CONCURRENTLY ON "We;ird"."T a" (id)',
    'create unique index concurrently if not exists "I ""q"" ;" on only "We;ird" . "T a" (id)',
    'CREATE /* a */ UNIQUE -- b\n INDEX CONCURRENTLY\ti ON "We;ird"."T a" (id)',
  ])('an invalid index is dropped: %s', async (sql) => {
    await db.executeAll(['CREATE INDEX other ON "We;ird"."T a" (id)']);
    expect(await settle(sql)).toMatchObject({
      verdict: 'redo',
      note: expect.stringContaining('dropped the invalid index'),
    });
    expect(await indexes()).toEqual(['other']);
  });

  test.each([
    'CREATE INDEX CONCURRENTLY i ON "We;ird"."T a" (id)',
    'CREATE INDEX CONCURRENTLY ON "We;ird"."T a" (id)',
    'CREATE INDEX CONCURRENTLY "ON" ON "We;ird"."T a" (id)',
  ])('a valid index is done: %s', async (sql) => {
    expect((await settle(sql)).verdict).toBe('done');
    expect(await indexes()).toHaveLength(1);
  });

  test('an index that was there before is not what was built', async () => {
    await db.executeAll(['CREATE INDEX i ON "We;ird"."T a" (id)']);
    expect(await settle('CREATE INDEX CONCURRENTLY i ON "We;ird"."T a" (id)')).toEqual({
      verdict: 'redo',
      note: undefined,
    });
    expect(await indexes()).toEqual(['i']);
  });

  test('a concurrent drop is done when the index is gone', async () => {
    await db.executeAll(['CREATE INDEX "i i" ON "We;ird"."T a" (id)']);
    const sql = 'DROP INDEX CONCURRENTLY "We;ird"."i i"';
    expect((await settleAttempt(db, { statement: 0, sql, before: null })).verdict).toBe('redo');
    expect((await settle(sql)).verdict).toBe('done');
  });

  test('what a failed REINDEX leaves is dropped', async () => {
    await db.executeAll([
      'CREATE INDEX u ON "We;ird"."T a" (id)',
      'CREATE TABLE mine (id int)',
      'INSERT INTO mine VALUES (1), (1)',
    ]);
    await db.executeAll(['CREATE UNIQUE INDEX CONCURRENTLY mine_ccnew ON mine (id)']).catch(() => {});
    // A unique index whose table has duplicates by now: its rebuild fails and leaves u_ccnew.
    await db.executeAll([`UPDATE pg_index SET indisunique = true WHERE indexrelid = '"We;ird".u'::regclass`]);
    expect(await settle('REINDEX INDEX CONCURRENTLY "We;ird".u')).toMatchObject({
      verdict: 'redo',
      note: expect.stringContaining('u_ccnew'),
    });
    expect(await indexes()).toEqual(['u']);
    expect(await db.query(`SELECT FROM pg_class WHERE relname = 'mine_ccnew'`)).toHaveLength(1);
  });

  test('a detached partition is done; anything else is run again', async () => {
    await db.executeAll([
      'CREATE TABLE p (id int) PARTITION BY LIST (id)',
      'CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)',
    ]);
    const sql = 'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY';
    expect((await settleAttempt(db, { statement: 0, sql, before: null })).verdict).toBe('redo');
    await db.executeAll(['ALTER TABLE p DETACH PARTITION p1']);
    expect((await settleAttempt(db, { statement: 0, sql, before: null })).verdict).toBe('done');
    expect(await settle('VACUUM')).toEqual({ verdict: 'redo', note: undefined });
  });

  test.runIf(Number(server.name) >= 14)('a partition half detached is finished', async () => {
    await db.executeAll([
      'CREATE TABLE p (id int) PARTITION BY LIST (id)',
      'CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)',
    ]);
    await db.executeAll([`UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 'p1'::regclass`]);
    const sql = 'ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY';
    expect(await settleAttempt(db, { statement: 0, sql, before: null })).toMatchObject({
      verdict: 'done',
      note: expect.stringContaining('finished'),
    });
    expect(await db.query('SELECT FROM pg_inherits')).toEqual([]);
  });
});
