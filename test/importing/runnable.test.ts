import { expect, test } from 'vitest';
import { plainRevision } from '../../src/importing/plain-revision.js';
import { runnable } from '../../src/importing/runnable.js';
import { readScript } from '../../src/migrations/script.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';

const revision = (up: string, more = {}) =>
  plainRevision({ id: '1', name: 'x', up, key: '1', source: 'db/1_x.sql', ...more });

test.each([
  ['around all of it', 'BEGIN;\nCREATE TABLE a (b int);\nCOMMIT;\n', 'CREATE TABLE a (b int);\n', 'file'],
  [
    'with words and comments',
    '-- why\nSTART TRANSACTION;\n-- a\nSELECT 1;\nEND -- end\n;\n',
    '-- why\n-- a\nSELECT 1;\n-- end\n;\n',
    'file',
  ],
  [
    'after a setting',
    'SET search_path = x;\nBEGIN TRANSACTION;\nSELECT 1;\nCOMMIT WORK;',
    'SET search_path = x;\nSELECT 1;\n',
    'file',
  ],
  ['in a text', "SELECT 'BEGIN;';\n", "SELECT 'BEGIN;';\n", 'file'],
  [
    'twice',
    'BEGIN; SELECT 1; COMMIT;\nBEGIN; SELECT 2; COMMIT;\n',
    'BEGIN; SELECT 1; COMMIT;\nBEGIN; SELECT 2; COMMIT;\n',
    'none',
  ],
  [
    'with an isolation level',
    'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT;',
    'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT;',
    'none',
  ],
])('BEGIN and COMMIT %s', async (_, up, wanted, transaction) => {
  const made = await runnable(revision(up), postgresDialect);
  expect([made.up, made.transaction]).toEqual([wanted, transaction]);
  await expect(
    readScript(postgresDialect, made.up, 'x', made.transaction, () => false),
  ).resolves.toBeDefined();
});

test('the way down is made to fit on its own', async () => {
  const made = await runnable(revision('SELECT 1;', { down: 'BEGIN; SELECT 2; COMMIT;' }), postgresDialect);
  expect(made).toMatchObject({
    up: 'SELECT 1;',
    down: 'SELECT 2; ',
    transaction: 'file',
    downTransaction: 'file',
  });
});

test('a file that asked for no transaction stays as it is', async () => {
  const up = 'BEGIN; SELECT 1; COMMIT;';
  expect(await runnable(revision(up, { transaction: 'none' }), postgresDialect)).toMatchObject({
    up,
    transaction: 'none',
  });
});

test.each(['SELECT 1; COMMIT;', 'BEGIN; SELECT 1;', 'SAVEPOINT a; SELECT 1; RELEASE a;'])(
  'what cannot be followed is refused with the file: %s',
  async (up) => {
    await expect(runnable(revision(up), postgresDialect)).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining('db/1_x.sql'),
    });
  },
);

test('what is no SQL is refused with the file', async () => {
  await expect(runnable(revision('CREATE TABEL x;'), postgresDialect)).rejects.toMatchObject({
    code: 'import-unsupported',
    message: expect.stringContaining('db/1_x.sql: '),
  });
});

test('a SQLite rebuild between BEGIN and COMMIT keeps its pragmas', async () => {
  const up =
    'PRAGMA foreign_keys = OFF;\nBEGIN TRANSACTION;\nCREATE TABLE a (b);\nCOMMIT;\nPRAGMA foreign_keys = ON;\n';
  const made = await runnable(revision(up), sqliteDialect);
  expect(made.up).toBe('PRAGMA foreign_keys = OFF;\nCREATE TABLE a (b);\nPRAGMA foreign_keys = ON;\n');
});
