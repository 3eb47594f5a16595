import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import type { Schema } from '../../src/schema/object.js';
import type { Plan } from '../../src/schema/plan.js';
import { renderPlan } from '../../src/schema/render-plan.js';
import { quoteText } from '../../src/sqlite/names.js';
import { type SchemaPair, schemaPair } from './random-schemas.js';
import { differences, memory, plansBetween, provenPlan, run } from './support.js';

/** `npm run test:long` asks for more. */
const RUNS = Number(process.env.TIDEMARK_SQLITE_PAIRS ?? 300);

interface Plans {
  readonly before: Schema;
  readonly after: Schema;
  readonly up: Plan;
  readonly down: Plan;
}

describe('any schema to any other, with rows in the tables', () => {
  it(
    'up gives the wanted schema and keeps every row, down gives the old one',
    () => everyPair({ renames: false }, RUNS, ({ from, to }) => plansBetween(from, to)),
    RUNS * 1_000,
  );

  it(
    'and with columns that change their names, planned and proven on a dev database',
    () =>
      everyPair({ renames: true }, Math.ceil(RUNS / 5), async (pair) => {
        const { from: before, to: after, up, down } = await provenPlan(pair.from, pair.to, pair.renames);
        return { before, after, up, down };
      }),
    RUNS * 1_000,
  );
});

async function everyPair(
  shape: { readonly renames: boolean },
  numRuns: number,
  plan: (pair: SchemaPair) => Promise<Plans>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(schemaPair(shape), async (pair) => {
      await thereAndBack(pair, plan).catch((error: Error) => {
        const { from, to, rows } = pair;
        throw new Error(`${error.message}\n\n-- from\n${from}\n-- to\n${to}\n-- rows\n${rows}`, {
          cause: error,
        });
      });
    }),
    { numRuns },
  );
}

async function thereAndBack(pair: SchemaPair, plan: (pair: SchemaPair) => Promise<Plans>): Promise<void> {
  const { before, after, up, down } = await plan(pair);
  expect([before.unmanaged, after.unmanaged]).toEqual([[], []]);
  const connection = await memory();
  try {
    const off = 'PRAGMA foreign_keys = OFF';
    await connection.executeAll([pair.from, off, 'BEGIN', pair.rows, 'COMMIT', 'PRAGMA foreign_keys = ON']);
    await sane(connection);
    const old = await contents(connection, pair, 'from');
    await attempt(() => run(connection, up), renderPlan(up));
    await sane(connection);
    expect(await differences(connection, after), 'left to do').toEqual([]);
    expect(await contents(connection, pair, 'to'), 'rows after up').toEqual(old);
    await attempt(() => run(connection, down), renderPlan(down));
    await sane(connection);
    expect(await differences(connection, before), 'left to do after down').toEqual([]);
    expect(await contents(connection, pair, 'from'), 'rows after down').toEqual(old);
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
async function contents(connection: Connection, pair: SchemaPair, side: 'from' | 'to'): Promise<unknown> {
  const tables: unknown[] = [];
  for (const { name, columns, rowid, autoincrement } of pair.kept) {
    const selected = [...columns[side], ...(rowid ? ['rowid AS "the rowid"'] : [])].join(', ');
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
