import { describe, expect, test } from 'vitest';
import { readScript, type Unit } from '../../src/migrations/script.js';
import { splitter } from './support/database.js';

const read = (sql: string, transaction: 'file' | 'none') =>
  readScript(splitter, sql, 'm/1_a.sql', transaction, (statement) => /^(?:call|do)\b/i.test(statement));

/** `shared 0-2, alone 2` */
const words = (units: readonly Unit[]): string =>
  units.map(({ kind, first, end }) => `${kind} ${end === first + 1 ? first : `${first}-${end}`}`).join(', ');

const CIC = 'CREATE INDEX CONCURRENTLY i ON t (a);';
const ENUM = "ALTER TYPE e ADD VALUE 'x';";

describe('how a script runs', () => {
  test.each<[string, 'file' | 'none', string, string]>([
    ['', 'file', 'transaction', ''],
    ['-- only words', 'none', 'transaction', ''],
    ['SELECT 1; SELECT 2;', 'file', 'transaction', 'shared 0-2'],
    ['SELECT 1; SELECT 2;', 'none', 'resumable', 'shared 0, shared 1'],
    [CIC, 'file', 'resumable', 'alone 0'],
    [
      `SELECT 1; SELECT 2; ${CIC} SELECT 3; SELECT 4;`,
      'file',
      'resumable',
      'shared 0-2, alone 2, shared 3-5',
    ],
    [ENUM, 'file', 'transaction', 'shared 0'],
    [`SELECT 1; ${ENUM} ${ENUM}`, 'file', 'transaction', 'shared 0-3'],
    [`${ENUM} ${ENUM} SELECT 1;`, 'file', 'resumable', 'shared 0-2, shared 2'],
    ['BEGIN; SELECT 1; COMMIT; SELECT 2;', 'none', 'resumable', 'own 0-3, shared 3'],
    [
      'START TRANSACTION; SAVEPOINT a; ROLLBACK TO a; ROLLBACK WORK TO SAVEPOINT a; END; VACUUM;',
      'none',
      'resumable',
      'own 0-5, alone 5',
    ],
    ['CALL p(); DO $$ BEGIN COMMIT; END $$; SELECT 1;', 'none', 'resumable', 'alone 0, alone 1, shared 2'],
    ['DO $$ BEGIN END $$;', 'file', 'transaction', 'shared 0'],
  ])('%s (%s)', async (sql, transaction, mode, units) => {
    const script = await read(sql, transaction);
    expect(script.mode).toBe(mode);
    expect(words(script.units)).toBe(units);
  });

  test.each<[string, 'file' | 'none', number, string]>([
    ['SELECT 1;\nBEGIN;\nCOMMIT;', 'file', 2, 'BEGIN has no place'],
    ['SELECT 1;\nCOMMIT;', 'file', 2, 'COMMIT has no place'],
    ['SELECT 1;\nCOMMIT;', 'none', 2, 'outside a transaction'],
    ['SELECT 1;\n\nBEGIN;\nSELECT 1;', 'none', 3, 'never ended'],
    ['BEGIN;\nSELECT 1;\nCOMMIT AND CHAIN;', 'none', 3, 'cannot be followed'],
    ["BEGIN;\nPREPARE TRANSACTION 'x';", 'none', 2, 'cannot be followed'],
  ])('%j (%s) is refused with the line', async (sql, transaction, line, message) => {
    await expect(read(sql, transaction)).rejects.toMatchObject({
      code: 'transaction-control',
      message: expect.stringContaining(message),
      location: { file: 'm/1_a.sql', line },
    });
  });
});
