import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { renderPlan } from '../../src/schema/render-plan.js';
import { quoteText } from '../../src/sqlite/names.js';
import { type SchemaPair, schemaPair } from './random-schemas.js';
import { differences, memory, plansBetween, run } from './support.js';

/** `npm run test:long` asks for more. */
const RUNS = Number(process.env.TIDEMARK_SQLITE_PAIRS ?? 300);

describe('any schema to any other, with rows in the tables', () => {
  it(
    'up gives the wanted schema and keeps every row, down gives the old one',
    async () => {
      await fc.assert(
        fc.asyncProperty(schemaPair, async (pair) => {
          await there(pair).catch((error: Error) => {
            throw new Error(
              `${error.message}\n\n-- from\n${pair.from}\n-- to\n${pair.to}\n-- rows\n${pair.rows}`,
              {
                cause: error,
              },
            );
          });
        }),
        { numRuns: RUNS },
      );
    },
    RUNS * 1_000,
  );
});

async function there(pair: SchemaPair): Promise<void> {
  const { before, after, up, down } = await plansBetween(pair.from, pair.to);
  expect([before.unmanaged, after.unmanaged]).toEqual([[], []]);
  const connection = await memory();
  try {
    const off = 'PRAGMA foreign_keys = OFF';
    await connection.executeAll([pair.from, off, 'BEGIN', pair.rows, 'COMMIT', 'PRAGMA foreign_keys = ON']);
    await sane(connection);
    const old = await contents(connection, pair);
    await attempt(() => run(connection, up), renderPlan(up));
    await sane(connection);
    expect(await differences(connection, after), 'left to do').toEqual([]);
    expect(await contents(connection, pair), 'rows after up').toEqual(old);
    await attempt(() => run(connection, down), renderPlan(down));
    await sane(connection);
    expect(await differences(connection, before), 'left to do after down').toEqual([]);
    expect(await contents(connection, pair), 'rows after down').toEqual(old);
  } finally {
    await connection.close();
  }
}

async function attempt(work: () => Promise<void>, script: string): Promise<void> {
  await work().catch((error: Error) => {
    throw new Error(`${error.message}\n\n${script}`, { cause: error });
  });
}

async function sane(connection: Connection): Promise<void> {
  expect(await connection.query('PRAGMA foreign_key_check')).toEqual([]);
  expect(await connection.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  for (const { name } of await connection.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'view'`,
  )) {
    await connection.query(`SELECT * FROM "${name.replaceAll('"', '""')}" LIMIT 0`);
  }
}

/** What both sides have. A number may become a text and back, which is the same value. */
async function contents(connection: Connection, pair: SchemaPair): Promise<unknown> {
  const tables: unknown[] = [];
  for (const { name, columns, rowid, autoincrement } of pair.kept) {
    const selected = [...columns, ...(rowid ? ['rowid AS "the rowid"'] : [])].join(', ');
    const rows = await connection.query<Record<string, unknown>>(
      `SELECT ${selected} FROM "${name.replaceAll('"', '""')}" ORDER BY CAST(id AS INTEGER)`,
    );
    const counter = autoincrement
      ? await connection.query(`SELECT seq FROM sqlite_sequence WHERE name = ${quoteText(name)}`)
      : [];
    tables.push({ name, counter, rows: rows.map((row) => Object.values(row).map(comparable)) });
  }
  return tables;
}

function comparable(value: unknown): unknown {
  return typeof value === 'string' && /^\d+(\.0)?$/.test(value) ? Number(value) : value;
}
