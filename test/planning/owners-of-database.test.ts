import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { openDatabase } from '../../src/database/open-database.js';
import { planBetween } from '../../src/planning/plan-between.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { planStatements } from '../../src/schema/plan.js';
import { describeEachServer, query, withDatabase } from '../support/postgres-server.js';

describeEachServer('a schema that says who owns what', (server) => {
  const bench = new Workbench({ dialect: postgresDialect, openDev: async () => openEmbeddedDev() });
  beforeAll(() => bench.dev());
  afterAll(() => bench.close());

  test('is not applied again and again where the owner is the connected role or owns the most', () =>
    withDatabase(server, async (url) => {
      const [me] = await query(url, 'SELECT quote_ident(current_user) AS name');
      await query(
        url,
        `DO $$ BEGIN CREATE ROLE tm_owner NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE mine (id int);
         ALTER TABLE a OWNER TO tm_owner; ALTER TABLE b OWNER TO tm_owner`,
      );
      const wanted = (sql: string) =>
        planBetween(
          bench,
          { type: 'database', label: 'live', url: parseDatabaseUrl(url) },
          { type: 'scripts', label: 'schema.sql', files: [{ name: 'schema.sql', sql }] },
          { open: openDatabase },
        );
      const tables = 'CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE mine (id int);';
      const said = `${tables} ALTER TABLE a OWNER TO tm_owner; ALTER TABLE mine OWNER TO ${String(me!.name)};`;
      expect(planStatements((await wanted(said)).up)).toEqual([]);
      expect(planStatements((await wanted(tables)).up)).toEqual([]);
      // What is made anew gets the owner that is said.
      const more = `${said} CREATE TABLE c (id int); ALTER TABLE c OWNER TO tm_owner;`;
      expect(planStatements((await wanted(more)).up).at(-1)).toBe('ALTER TABLE c OWNER TO tm_owner');
    }));
});
