import { expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { migrationEngine } from '../../src/migrations/engine.js';
import { HISTORY_UPGRADES as POSTGRES } from '../../src/migrations/postgres-history-tables.js';
import { HISTORY_UPGRADES as SQLITE } from '../../src/migrations/sqlite-history-tables.js';
import { describeOldestAndNewest, withDatabase } from '../support/postgres-server.js';
import { connect } from './support/database.js';

const RUN = { run: 'r', operation: 'up', by: 'me', host: 'h', pid: 1, toolVersion: '0.1.0' } as const;

/** A database with a history as the first format had it, brought to the present one. */
async function upgraded(connection: Connection, first: readonly string[], prefix: string): Promise<void> {
  const { history } = await migrationEngine(connection);
  const entry = (revision: string, origin: 'run' | 'import') =>
    history.insertRevision(
      {
        revision,
        name: `it's ${revision}`,
        parents: [],
        dependsOn: [],
        state: 'applied',
        origin,
        checksum: 'sha256:0',
        down: { sql: 'SELECT 1;', checksum: 'sha256:1' },
        transactionMode: 'file',
        statementsTotal: 1,
      },
      RUN,
    );
  await connection.executeAll([
    ...first,
    `UPDATE ${prefix}format SET version = 1`,
    entry('2', 'run'),
    entry('1', 'run'),
  ]);
  const before = await history.read();
  expect(before.format).toBe(1);
  await expect(connection.executeAll([entry('3', 'import')])).rejects.toThrow();
  await history.prepare(before);
  const after = await history.read();
  expect(after.format).toBe(2);
  expect(after.revisions).toEqual(before.revisions);
  expect(await history.downText('1')).toBe('SELECT 1;');
  await connection.executeAll([entry('3', 'import')]);
  expect((await history.read()).revisions.map(({ revision, origin }) => [revision, origin])).toEqual([
    ['2', 'run'],
    ['1', 'run'],
    ['3', 'import'],
  ]);
}

describeOldestAndNewest('a history in the first format is brought to the present one', (server) => {
  test('rows and order stay', () =>
    withDatabase(server, async (url) => {
      const connection = await connect(url);
      try {
        await upgraded(connection, POSTGRES[0]!, 'tidemark.');
      } finally {
        await connection.close();
      }
    }));
});

test('a SQLite history in the first format is brought to the present one, beside a broken view', async () => {
  const connection = await connect('sqlite::memory:');
  try {
    await connection.executeAll(['CREATE TABLE t (a)', 'CREATE VIEW v AS SELECT a FROM t', 'DROP TABLE t']);
    await upgraded(connection, SQLITE[0]!, 'tidemark_');
  } finally {
    await connection.close();
  }
});
