import fc from 'fast-check';
import { expect, test } from 'vitest';
import { literal, textArray } from '../../src/migrations/postgres-literal.js';
import { readLockHolder } from '../../src/migrations/postgres-lock-holder.js';
import { describeEachServer, withDatabase } from '../support/postgres-server.js';
import { connect } from './support/database.js';

describeEachServer('literals', (server) => {
  test('mean the same with either reading of backslashes', () =>
    withDatabase(server, async (url) => {
      const db = await connect(url);
      const hostile = fc.string({
        unit: fc.constantFrom("'", '\\', '"', '$', '\n', 'é', '😀', 'a', ';', '-', ',', '{'),
      });
      try {
        for (const setting of ['on', 'off']) {
          await db
            .executeAll([`SET standard_conforming_strings = ${setting}`, 'SET escape_string_warning = off'])
            .catch((error) => {
              // PostgreSQL 19 drops the old reading.
              if (setting === 'on') throw error;
            });
          await fc.assert(
            fc.asyncProperty(fc.array(hostile, { maxLength: 4 }), async (texts) => {
              const [row] = await db.query<{ one: string; all: string }>(
                `SELECT ${literal(texts.join('|'))} AS one, to_json(${textArray(texts)})::text AS all`,
              );
              expect(row!.one).toBe(texts.join('|'));
              expect(JSON.parse(row!.all)).toEqual(texts);
            }),
            { numRuns: 60 },
          );
        }
      } finally {
        await db.close();
      }
    }));
});

test.each([
  ["ALTER ROLE bob PASSWORD 'se''cret' LOGIN", "ALTER ROLE bob password '***' LOGIN"],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'postgres://u:secret@h/d'",
    "CREATE SUBSCRIPTION s CONNECTION 'postgres://u:***@h/d'",
  ],
  ["SELECT dblink('host=h password=secret dbname=d')", "SELECT dblink('host=h password=*** dbname=d')"],
  ['SELECT\n  1', 'SELECT 1'],
  ['BEGIN', 'BEGIN'],
  ['RESET SESSION AUTHORIZATION\n;\nRESET ROLE', 'RESET ROLE'],
  [
    "BEGIN\n;\nSET client_encoding = 'UTF8'\n;\nSET search_path = a;\nSELECT 1",
    'SET search_path = a; SELECT 1',
  ],
])('the query of a lock holder carries no secret: %j', (query, shown) => {
  const row = { pid: 1, user: 'u', application: '', client: null, connectedAt: null, state: 'idle', query };
  expect(readLockHolder(JSON.stringify(row))).toEqual({
    pid: 1,
    user: 'u',
    application: undefined,
    client: undefined,
    connectedAt: undefined,
    state: 'idle',
    query: shown,
  });
});
