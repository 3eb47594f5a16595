import { afterAll, beforeAll, expect } from 'vitest';
import { type Connection, DatabaseError } from '../../src/database/connection.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../src/database/database-url.js';
import { openEmbedded } from '../../src/database/embedded-postgres.js';
import { connectPostgres } from '../../src/database/postgres-server.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { diffSchemas } from '../../src/schema/diff.js';
import type { Schema } from '../../src/schema/object.js';
import { type Plan, planStatements } from '../../src/schema/plan.js';
import { planChanges } from '../../src/schema/planner.js';
import { freshDatabase, type TestServer } from '../support/postgres-server.js';

/** A database that many small cases share: each one runs in a transaction that is rolled back. */
export interface Scratch {
  readonly connection: Connection;
  /** Runs `sql` on the empty database and hands over what is there then. */
  state(sql: string): Promise<Schema>;
  /** Runs `work` in a transaction after `sql`. */
  within<T>(sql: string, work: (connection: Connection) => Promise<T>): Promise<T>;
}

/** Opens a scratch database before the tests of this block and closes it after them. */
export function useScratch(server: TestServer): Scratch {
  let connection: Connection;
  let drop: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    if (server.embedded) {
      connection = await openEmbedded({});
      return;
    }
    const database = await freshDatabase(server);
    drop = database.drop;
    connection = await connectPostgres(parseDatabaseUrl(database.url) as PostgresUrl);
  }, 60_000);
  afterAll(async () => {
    await connection?.close();
    await drop?.();
  });
  const within: Scratch['within'] = async (sql, work) => {
    await connection.executeAll(['BEGIN']);
    try {
      const statements = await postgresDialect.splitScript(sql, 'case.sql');
      await connection.executeAll(statements.map((statement) => statement.sql));
      return await work(connection);
    } finally {
      await connection.executeAll(['ROLLBACK']);
    }
  };
  return {
    get connection() {
      return connection;
    },
    within,
    state: (sql) => within(sql, (open) => postgresDialect.readSchema(open)),
  };
}

/** The differences as ids with what differs, for messages a person can read. */
export function differences(a: Schema, b: Schema): string[] {
  return diffSchemas(a, b, postgresDialect).map((change) =>
    change.action === 'alter'
      ? `${change.after.id}: ${change.changed
          .map(
            (key) =>
              `${key} ${JSON.stringify(change.before.props[key])} -> ${JSON.stringify(change.after.props[key])}`,
          )
          .join(', ')}`
      : `${change.action} ${change.object.id}`,
  );
}

/**
 * Walks from one state to the other and back again, by plans alone, and expects to read exactly the wanted
 * state each time. Gives both plans.
 */
export async function expectRoundTrip(
  scratch: Scratch,
  fromSql: string,
  toSql: string,
): Promise<{ readonly up: Plan; readonly down: Plan }> {
  const from = await scratch.state(fromSql);
  const to = await scratch.state(toSql);
  const up = planChanges(from, to, postgresDialect);
  const down = planChanges(to, from, postgresDialect);
  await scratch.within(fromSql, async (connection) => {
    await run(connection, up);
    const there = await postgresDialect.readSchema(connection);
    expect(differences(there, to), planStatements(up).join(';\n')).toEqual([]);
    await run(connection, down);
    const back = await postgresDialect.readSchema(connection);
    expect(differences(back, from), planStatements(down).join(';\n')).toEqual([]);
  });
  return { up, down };
}

async function run(connection: Connection, plan: Plan): Promise<void> {
  const statements = planStatements(plan);
  try {
    await connection.executeAll(statements);
  } catch (error) {
    const failed = error instanceof DatabaseError ? statements[error.statement] : undefined;
    throw new Error(`${(error as Error).message}\n${failed}\n\nin\n${statements.join(';\n')}`, {
      cause: error,
    });
  }
}
