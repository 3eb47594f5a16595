import { afterAll, expect, it } from 'vitest';
import { openEmbeddedDev } from '../../../src/database/embedded-dev-database.js';
import { planBetween } from '../../../src/planning/plan-between.js';
import type { StateSource } from '../../../src/planning/state-source.js';
import { Workbench } from '../../../src/planning/workbench.js';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { planStatements } from '../../../src/schema/plan.js';
import { describeEachServer } from '../../support/postgres-server.js';
import { useScratch } from '../scratch.js';

/** Changes for which newer servers know a statement that older ones do not. */
const CASES: readonly (readonly [what: string, from: string, to: string])[] = [
  [
    'another generation expression',
    'CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED)',
    'CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 2) STORED)',
  ],
  [
    'a column that is generated no more',
    'CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED)',
    'CREATE TABLE t (a int, b int)',
  ],
  ['a table with a sequence, unlogged', 'CREATE TABLE t (id serial)', 'CREATE UNLOGGED TABLE t (id serial)'],
  [
    "the type's own storage",
    'CREATE TABLE t (a text); ALTER TABLE t ALTER a SET STORAGE external',
    'CREATE TABLE t (a text)',
  ],
  [
    'storage that stays while the type changes',
    'CREATE TABLE t (a text); ALTER TABLE t ALTER a SET STORAGE main',
    'CREATE TABLE t (a bytea); ALTER TABLE t ALTER a SET STORAGE main',
  ],
  [
    'no statistics target',
    'CREATE TABLE t (a int); ALTER TABLE t ALTER a SET STATISTICS 50',
    'CREATE TABLE t (a int)',
  ],
  ['NOT NULL', 'CREATE TABLE t (a int, b int NOT NULL)', 'CREATE TABLE t (a int NOT NULL, b int)'],
  [
    'a range type',
    'CREATE SCHEMA s',
    'CREATE SCHEMA s; CREATE TYPE s.r AS RANGE (subtype = int4); CREATE TABLE t (a s.r)',
  ],
  [
    'a unique index and key',
    'CREATE TABLE t (a int)',
    'CREATE TABLE t (a int UNIQUE); CREATE UNIQUE INDEX i ON t (a)',
  ],
  [
    'a trigger made anew',
    'CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()',
    'CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$; CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()',
  ],
  [
    'a procedure',
    'CREATE SCHEMA s',
    'CREATE SCHEMA s; CREATE PROCEDURE p(a int, INOUT b int DEFAULT 1) LANGUAGE sql AS $$ SELECT 1 $$',
  ],
  [
    'a view that extracts',
    'CREATE TABLE t (a timestamp)',
    "CREATE TABLE t (a timestamp); CREATE VIEW v AS SELECT extract(year FROM a) AS y, substring('x' FROM 1) AS s, a AT TIME ZONE 'UTC' AS z FROM t",
  ],
];

describeEachServer('a migration that the embedded server was asked for', (server) => {
  const scratch = useScratch(server);
  const bench = new Workbench({ dialect: postgresDialect, openDev: async () => openEmbeddedDev() });
  afterAll(() => bench.close());
  const script = (sql: string): StateSource => ({
    type: 'scripts',
    label: 'x',
    files: [{ name: 'x.sql', sql }],
  });

  it.each(CASES)('runs here, both ways: %s', async (_what, from, to) => {
    const refuse = () => Promise.reject(new Error('nothing is to be opened'));
    const { up, down } = await planBetween(bench, script(from), script(to), { open: refuse });
    expect(up.steps).not.toEqual([]);
    await scratch.within(from, async (connection) => {
      const statements = [...planStatements(up), ...planStatements(down)];
      await connection.executeAll(statements).catch((error: Error) => {
        throw new Error(`${error.message}\n${statements.join(';\n')}`, { cause: error });
      });
    });
  });
});
