import { inspect } from 'node:util';
import type { Connection } from '../../src/database/connection.js';
import { connectSqlite } from '../../src/database/sqlite-connection.js';
import { sqliteDevDatabase } from '../../src/database/sqlite-dev-database.js';
import { type PlanBetween, planBetween } from '../../src/planning/plan-between.js';
import { describeChange } from '../../src/planning/prove.js';
import { Workbench } from '../../src/planning/workbench.js';
import { diffSchemas } from '../../src/schema/diff.js';
import type { Schema } from '../../src/schema/object.js';
import type { Plan } from '../../src/schema/plan.js';
import { planBothWays } from '../../src/schema/planner.js';
import type { RenameHint } from '../../src/schema/rename.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';

/** A new database in memory, with foreign keys enforced. */
export function memory(): Promise<Connection> {
  return connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path: undefined });
}

/** Runs a script and reads the schema it leaves. */
export async function schemaOf(sql: string): Promise<Schema> {
  const connection = await memory();
  try {
    await connection.executeAll([sql]);
    return await sqliteDialect.readSchema(connection);
  } finally {
    await connection.close();
  }
}

/** What is left to do on a database, one line a difference. */
export async function differences(connection: Connection, wanted: Schema): Promise<string[]> {
  const reached = await sqliteDialect.readSchema(connection);
  return diffSchemas(reached, wanted, sqliteDialect).map((change) => describeChange(change, sqliteDialect));
}

/**
 * Runs a plan as a runner does: what stands around it outside of the transaction, and before each step the
 * questions whether rows stop it. Throws what the engine says, or `rows stop it`.
 */
export async function run(connection: Connection, plan: Plan): Promise<void> {
  try {
    await connection.executeAll([...plan.before, 'BEGIN IMMEDIATE']);
    for (const step of plan.steps) {
      for (const { stoppedBy } of step.hazards) {
        if (stoppedBy === undefined) continue;
        const found = await connection.query(stoppedBy);
        if (found.length > 0) throw new Error(`rows stop it: ${stoppedBy}\n${inspect(found)}`);
      }
      await connection.executeAll(step.sql);
    }
    await connection.executeAll(['COMMIT', ...plan.after]);
  } catch (error) {
    await connection.executeAll(['ROLLBACK']);
    throw error;
  }
}

/** The plans between two scripts and the states they make. */
export async function plansBetween(from: string, to: string) {
  const [before, after] = [await schemaOf(from), await schemaOf(to)];
  return { before, after, ...planBothWays(before, after, sqliteDialect) };
}

/** Plans between two scripts and proves it on a dev database, as `migrate diff` does. */
export async function provenPlan(
  from: string,
  to: string,
  renames: readonly RenameHint[] = [],
  exclude: readonly string[] = [],
): Promise<PlanBetween> {
  const bench = new Workbench({ dialect: sqliteDialect, filter: { exclude }, openDev: sqliteDevDatabase });
  const source = (name: string, sql: string) =>
    ({ type: 'scripts', label: name, files: [{ name: `${name}.sql`, sql }] }) as const;
  const open = () => Promise.reject(new Error('nothing is to be opened'));
  try {
    return await planBetween(bench, source('from', from), source('to', to), { open, renames });
  } finally {
    await bench.close();
  }
}
