import { expect } from 'vitest';
import { type Connection, DatabaseError } from '../../../src/database/connection.js';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openEmbedded } from '../../../src/database/embedded-postgres.js';
import { connectPostgres } from '../../../src/database/postgres-server.js';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { readSchema } from '../../../src/postgres/read-catalog.js';
import { planReset } from '../../../src/postgres/reset-database.js';
import { splitScript } from '../../../src/postgres/split-script.js';
import { diffSchemas } from '../../../src/schema/diff.js';
import { makeSchema, type Schema } from '../../../src/schema/object.js';
import { type Plan, planStatements } from '../../../src/schema/plan.js';
import { planChanges } from '../../../src/schema/planner.js';
import type { TestServer } from '../../support/postgres-server.js';
import { freshDatabase } from '../../support/postgres-server.js';

/** A database in which schemas are made, changed and thrown away. */
export class Playground {
  readonly connection: Connection;
  readonly #release: () => Promise<void>;

  constructor(connection: Connection, release: () => Promise<void>) {
    this.connection = connection;
    this.#release = release;
  }

  static async open(server: TestServer): Promise<Playground> {
    if (server.embedded) {
      const connection = await openEmbedded({});
      return new Playground(connection, () => connection.close());
    }
    const database = await freshDatabase(server);
    const url = parseDatabaseUrl(database.url);
    if (url.engine !== 'postgres' || url.adapter !== 'server') throw new Error('not a server');
    const connection = await connectPostgres(url);
    return new Playground(connection, async () => {
      await connection.close();
      await database.drop();
    });
  }

  close(): Promise<void> {
    return this.#release();
  }

  async run(sql: string): Promise<void> {
    await this.connection.executeAll((await splitScript(sql, 'test.sql')).map((statement) => statement.sql));
  }

  rows(sql: string): Promise<Record<string, unknown>[]> {
    return this.connection.query(sql);
  }

  read(): Promise<Schema> {
    return readSchema(this.connection);
  }

  /** The state a script leads to; the database is empty before and after. */
  async stateOf(sql: string): Promise<Schema> {
    await this.run(sql);
    const state = await this.read();
    await this.clear();
    return state;
  }

  async clear(): Promise<void> {
    const schemas = await this.rows(
      `SELECT quote_ident(nspname) AS name FROM pg_namespace WHERE left(nspname, 3) <> 'pg_' AND nspname <> 'information_schema'`,
    );
    const extensions = await this.rows(
      `SELECT quote_ident(extname) AS name FROM pg_extension WHERE extname <> 'plpgsql'`,
    );
    const wide = await this.rows(
      `SELECT 'EVENT TRIGGER ' || quote_ident(evtname) AS name FROM pg_event_trigger
       UNION ALL SELECT 'ACCESS METHOD ' || quote_ident(amname) FROM pg_am WHERE oid >= 16384
         AND oid NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_am'::regclass)`,
    );
    await this.connection.executeAll([
      ...wide.map(({ name }) => `DROP ${String(name)} CASCADE`),
      ...extensions.map(({ name }) => `DROP EXTENSION ${String(name)} CASCADE`),
      ...schemas.map(({ name }) => `DROP SCHEMA ${String(name)} CASCADE`),
      ...(await databaseWide(this.connection)),
      'CREATE SCHEMA public',
      `COMMENT ON SCHEMA public IS 'standard public schema'`,
      // As a new database has it; all else that is granted there went with it.
      `GRANT ${this.connection.versionNumber >= 150000 ? 'USAGE' : 'ALL'} ON SCHEMA public TO PUBLIC`,
      // No statement takes all default privileges back.
      'DELETE FROM pg_default_acl',
      `DELETE FROM pg_shdepend WHERE classid = 'pg_default_acl'::regclass
         AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    ]);
  }

  /** Carries out the plan from what is there to `wanted`, and proves that it got there. */
  async migrate(wanted: Schema): Promise<Plan> {
    const plan = planChanges(await this.read(), wanted, postgresDialect);
    const statements = planStatements(plan);
    try {
      await this.connection.executeAll(statements);
    } catch (error) {
      const failed = error instanceof DatabaseError ? statements[error.statement] : '';
      throw new Error(`${String(error)}\nin: ${failed}\nof:\n${statements.join(';\n')}`);
    }
    const reached = await this.read();
    expect(diffSchemas(reached, wanted, postgresDialect), statements.join(';\n')).toEqual([]);
    expect(edges(reached), 'dependencies').toEqual(edges(wanted));
    return plan;
  }

  /** From nothing to the script's state and back to nothing, by plans alone. */
  async roundTrip(sql: string): Promise<{ readonly state: Schema; readonly plan: Plan }> {
    const empty = await this.read();
    const state = await this.stateOf(sql);
    const plan = await this.migrate(state);
    await this.migrate(makeSchema('postgres', empty.engineVersion, empty.objects.values()));
    return { state, plan };
  }
}

/** What drops the user's objects that live in no schema. */
async function databaseWide(connection: Connection): Promise<string[]> {
  const schemas = new Set(['schema', 'table', 'view', 'materialized view', 'function', 'type', 'sequence']);
  const subscriptions = await connection.query(
    `SELECT quote_ident(subname) AS name FROM pg_subscription
     WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return [
    ...subscriptions.flatMap(({ name }) => [
      `ALTER SUBSCRIPTION ${String(name)} DISABLE`,
      `ALTER SUBSCRIPTION ${String(name)} SET (slot_name = NONE)`,
      `DROP SUBSCRIPTION ${String(name)}`,
    ]),
    ...(await planReset(connection)).drops.filter(({ kind }) => !schemas.has(kind)).map(({ sql }) => sql),
  ];
}

/** The statements that do something, without the frame. */
export function sqlOf(plan: Plan): string[] {
  return plan.steps.flatMap((step) => step.sql);
}

function edges(schema: Schema): string[] {
  return [...schema.objects.values()].map((object) => `${object.id} <- ${object.dependsOn.join(' ')}`);
}
