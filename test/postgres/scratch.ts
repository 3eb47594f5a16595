import type { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Connection, DatabaseError, type Row } from '../../src/database/connection.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../src/database/database-url.js';
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
      connection = await openEmbedded();
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

async function openEmbedded(): Promise<Connection> {
  const { PGlite } = await import('@electric-sql/pglite');
  const database = await PGlite.create();
  const [row] = (await database.query<{ v: string }>("SELECT current_setting('server_version_num') AS v"))
    .rows;
  return new EmbeddedConnection(database, Number(row!.v));
}

class EmbeddedConnection implements Connection {
  readonly engine = 'postgres';
  readonly version = 'PostgreSQL (embedded)';
  readonly embedded = true;
  readonly label = 'embedded';
  readonly versionNumber: number;
  onNotice: Connection['onNotice'] = undefined;
  readonly #database: PGlite;

  constructor(database: PGlite, versionNumber: number) {
    this.#database = database;
    this.versionNumber = versionNumber;
  }

  async query<R extends object = Row>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    try {
      return (await this.#database.query<R>(sql, [...parameters])).rows;
    } catch (error) {
      throw new DatabaseError((error as Error).message, { cause: error });
    }
  }

  async executeAll(statements: readonly string[]): Promise<void> {
    for (const [statement, sql] of statements.entries()) {
      try {
        await this.#database.exec(sql);
      } catch (error) {
        throw new DatabaseError(`${(error as Error).message}\n${sql}`, { statement, cause: error });
      }
    }
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
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
