import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { connect } from '../migrations/support/database.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';

describeOldestAndNewest('cancelling what runs', (server) => {
  let db: Connection;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    const database = await freshDatabase(server);
    db = await connect(database.url);
    drop = database.drop;
  });
  afterEach(async () => {
    await db.close();
    await drop();
  });
  const cancelled = { name: 'DatabaseError', sqlstate: '57014', connectionLost: false };

  test('ends the statement and keeps the session', async () => {
    const backend = 'SELECT pg_backend_pid() AS pid';
    const before = await db.query(backend);
    const running = expect(db.query('SELECT pg_sleep(600)')).rejects.toMatchObject(cancelled);
    await sleep(100);
    await db.cancel?.();
    await running;
    expect(await db.query(backend)).toEqual(before);
  });

  test('says which statement of several it was, and the rest is not run', async () => {
    await db.query('CREATE TABLE t (id int)');
    const running = expect(
      db.executeAll(['INSERT INTO t VALUES (1)', 'SELECT pg_sleep(600)', 'INSERT INTO t VALUES (2)']),
    ).rejects.toMatchObject({ ...cancelled, statement: 1 });
    await sleep(100);
    await db.cancel?.();
    await running;
    expect(await db.query('SELECT id FROM t')).toEqual([{ id: 1 }]);
  });

  test('ends what waits behind it too, but not what comes after', async () => {
    const running = [1, 2].map(() =>
      expect(db.query('SELECT pg_sleep(600)')).rejects.toMatchObject(cancelled),
    );
    const cancelling = db.cancel?.();
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await Promise.all([...running, cancelling]);
  });

  test('with nothing to cancel does nothing', async () => {
    await db.cancel?.();
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('never hits the next statement, whenever it comes', async () => {
    let hit = 0;
    for (let round = 0; round < 60; round++) {
      const running = db.query(`SELECT pg_sleep(${(Math.random() * 0.01).toFixed(4)})`).then(
        () => 0,
        () => 1,
      );
      await sleep(Math.random() * 12);
      void db.cancel?.();
      expect(await db.query('SELECT 1 AS one FROM pg_sleep(0.005)')).toEqual([{ one: 1 }]);
      hit += await running;
    }
    expect(hit).toBeGreaterThan(0);
  });
});
