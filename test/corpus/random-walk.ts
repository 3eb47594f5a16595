import { expect } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { DatabaseError } from '../../src/database/connection.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { readSchema } from '../../src/postgres/read-catalog.js';
import type { Schema } from '../../src/schema/object.js';
import { type Plan, planHazards, planStatements } from '../../src/schema/plan.js';
import { planBothWays } from '../../src/schema/planner.js';
import { differences } from '../postgres/scratch.js';
import type { Candidate } from './random-schema.js';
import { type Survivors, survivors } from './survivors.js';

/** A schema that the server took: its statements, and what they lead to. */
export interface Built {
  readonly sql: readonly string[];
  readonly schema: Schema;
}

/** Does `work` in a transaction that is rolled back, which is the quickest way to an empty database. */
export async function undone<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.executeAll(['BEGIN']);
  try {
    return await work();
  } finally {
    await connection.executeAll(['ROLLBACK']);
  }
}

/** Builds what the server takes of a candidate. */
export function build(connection: Connection, candidate: Candidate): Promise<Built> {
  return undone(connection, async () => {
    const sql: string[] = [];
    for (const statement of candidate) if (await takes(connection, statement)) sql.push(statement);
    return { sql, schema: await readSchema(connection) };
  });
}

/**
 * Goes through the states in order with a few rows in the tables, and from the last one back to the first, and once
 * more forward: each step planned, applied, read back and compared, with what has to survive.
 */
export function wander(connection: Connection, states: readonly Built[]): Promise<void> {
  return undone(connection, async () => {
    await connection.executeAll(states[0]!.sql);
    await fill(connection);
    const way = states.slice(1).map((to, index) => {
      const from = states[index]!.schema;
      return { from, to: to.schema, ...plansBetween(from, to.schema) };
    });
    for (const { from, to, up } of way) await go(connection, up, from, to);
    for (const { from, to, down } of way.toReversed()) await go(connection, down, to, from);
    for (const { from, to, up } of way) await go(connection, up, from, to);
  });
}

function plansBetween(from: Schema, to: Schema): { readonly up: Plan; readonly down: Plan } {
  return planBothWays(from, to, postgresDialect);
}

async function takes(connection: Connection, statement: string): Promise<boolean> {
  try {
    await connection.executeAll(['SAVEPOINT attempt', statement, 'RELEASE attempt']);
    return true;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    await connection.executeAll(['ROLLBACK TO attempt', 'RELEASE attempt']);
    return false;
  }
}

async function go(connection: Connection, plan: Plan, from: Schema, to: Schema): Promise<void> {
  const statements = planStatements(plan);
  const before = await values(connection, plan, from, to);
  await connection.executeAll(['SAVEPOINT step']);
  try {
    await connection.executeAll(statements);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    await connection.executeAll(['ROLLBACK TO step']);
    // Rows that do not fit what is wanted are the user's to mend; the way has to be there without them.
    if (!/^(22|23|P0)/.test(error.sqlstate) || !(await empty(connection))) throw failure(error, statements);
    return go(connection, plan, from, to);
  }
  await connection.executeAll(['RELEASE step']);
  expect(differences(await readSchema(connection), to), statements.join(';\n')).toEqual([]);
  expect(await values(connection, plan, from, to), statements.join(';\n')).toEqual(before);
}

function failure(error: DatabaseError, statements: readonly string[]): Error {
  const failed = statements[error.statement];
  return new Error(`${error.sqlstate} ${error.message}\n${failed}\nin\n${statements.join(';\n')}`, {
    cause: error,
  });
}

/** What has to be the same after the plan, in tables and sequences that it does not say to lose. */
async function values(connection: Connection, plan: Plan, from: Schema, to: Schema): Promise<Survivors> {
  const lost = new Set(
    planHazards(plan)
      .filter(({ level }) => level === 'data-loss')
      .map(({ subject }) => subject.replace(/^public\./, '')),
  );
  if (lost.size > 0) return {};
  return survivors(connection, from, to, true);
}

interface Insertable {
  readonly relation: string;
  readonly columns: string | null;
  readonly values: string[] | null;
}

/** A few rows for every table that takes them. */
async function fill(connection: Connection): Promise<void> {
  for (const number of [1, 2]) {
    for (const { relation, columns, values } of await insertable(connection)) {
      const list = (values ?? []).map((value) => value.replaceAll('#', String(number)));
      await takes(
        connection,
        columns === null
          ? `INSERT INTO ${relation} DEFAULT VALUES`
          : `INSERT INTO ${relation} (${columns}) VALUES (${list.join(', ')})`,
      );
    }
  }
  await connection.executeAll(['SET CONSTRAINTS ALL IMMEDIATE']);
}

/** True when there were rows, and now are none. */
async function empty(connection: Connection): Promise<boolean> {
  const tables = await insertable(connection);
  let held = false;
  for (const { relation } of tables) {
    const rows = await connection.query(`SELECT FROM ${relation} LIMIT 1`);
    held ||= rows.length > 0;
  }
  if (held) await connection.executeAll(tables.map(({ relation }) => `TRUNCATE ${relation} CASCADE`));
  return held;
}

function insertable(connection: Connection): Promise<Insertable[]> {
  return connection.query<Insertable>(
    `SELECT c.oid::regclass::text AS relation, string_agg(quote_ident(a.attname), ', ' ORDER BY attnum) AS columns,
       array_agg(CASE WHEN t.typcategory = 'N' OR base.typcategory = 'N' THEN '#'
         WHEN t.typtype = 'e' THEN (SELECT quote_literal(min(enumlabel)) FROM pg_enum WHERE enumtypid = t.oid)
         WHEN t.typname = 'jsonb' THEN '''{"n": #}''' WHEN t.typcategory = 'B' THEN 'true'
         WHEN t.typcategory = 'D' THEN 'now()' WHEN t.typcategory = 'A' THEN '''{}'''
         WHEN t.typcategory = 'R' THEN '''empty''' WHEN t.typcategory = 'C' THEN 'null'
         ELSE '''#''' END ORDER BY attnum) AS values
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' AND a.attidentity = ''
     LEFT JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type base ON base.oid = t.typbasetype
     WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_'
     GROUP BY c.oid ORDER BY c.oid`,
  );
}
