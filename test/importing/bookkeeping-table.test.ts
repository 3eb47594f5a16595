import { expect, test } from 'vitest';
import { findBookkeeping } from '../../src/importing/bookkeeping-table.js';
import { connect } from '../migrations/support/database.js';
import { describeEachServer, withDatabase } from '../support/postgres-server.js';

describeEachServer(
  'a bookkeeping table is found',
  (server) => {
    test('in the search path, else where it is; others of its name are not taken', () =>
      withDatabase(server, async (url) => {
        const connection = await connect(url);
        const find = (...never: string[]) => findBookkeeping(connection, 'history', ['version'], never);
        try {
          expect(await find()).toBeUndefined();
          await connection.executeAll([
            'CREATE VIEW history AS SELECT 1 AS version',
            'CREATE SCHEMA "o""dd"',
          ]);
          expect(await find()).toBeUndefined();
          await connection.executeAll(['CREATE TABLE "o""dd".history (version int, dirty bool)']);
          expect(await find()).toMatchObject({ label: 'o"dd.history', sql: '"o""dd"."history"' });
          expect(await find('dirty')).toBeUndefined();
          await connection.executeAll(['CREATE SCHEMA b', 'CREATE TABLE b.history (version int)']);
          await expect(find()).rejects.toMatchObject({ code: 'import-table-ambiguous', exitCode: 4 });
          await connection.executeAll(['DROP VIEW history', 'CREATE TABLE history (version int)']);
          expect((await find())?.label).toBe('public.history');
        } finally {
          await connection.close();
        }
      }));
  },
  { newest: true },
);
