import { describe, expect, test } from 'vitest';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { planStatements } from '../../../src/schema/plan.js';
import { planBothWays } from '../../../src/schema/planner.js';
import { embedded } from '../../support/postgres-server.js';
import { useScratch } from '../scratch.js';

/**
 * A provider is a library that no engine of the tests has, so the labels are put into the catalog by hand, and the
 * statements are looked at and not run.
 */
describe('security labels', () => {
  const scratch = useScratch(embedded());
  const TABLES = `CREATE TABLE people (id int, "E mail" text); CREATE VIEW names AS SELECT "E mail" AS name FROM people;
    CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    SET allow_system_table_mods = on;`;
  const label = (object: string, part: number, text: string) =>
    `INSERT INTO pg_seclabel VALUES (${object}, ${part}, 'my "provider', '${text}');`;
  const table = `'people'::regclass, 'pg_class'::regclass`;

  test('are set, changed and taken off, on whatever has them', async () => {
    const from = await scratch.state(
      `${TABLES} ${label(table, 0, 'old')} ${label(`'f'::regproc, 'pg_proc'::regclass`, 0, 'goes')}`,
    );
    const to = await scratch.state(
      `${TABLES} ${label(table, 0, "it''s new")} ${label(table, 2, 'masked')}
       ${label(`'names'::regclass, 'pg_class'::regclass`, 1, 'of a view')}`,
    );
    expect(from.unmanaged).toEqual([]);
    const { up, down } = planBothWays(from, to, postgresDialect);
    expect(planStatements(up).sort()).toEqual([
      `SECURITY LABEL FOR "my ""provider" ON COLUMN names.name IS 'of a view'`,
      `SECURITY LABEL FOR "my ""provider" ON COLUMN people."E mail" IS 'masked'`,
      `SECURITY LABEL FOR "my ""provider" ON FUNCTION f(integer) IS NULL`,
      `SECURITY LABEL FOR "my ""provider" ON TABLE people IS 'it''s new'`,
    ]);
    expect(planStatements(down).sort()).toEqual([
      `SECURITY LABEL FOR "my ""provider" ON COLUMN names.name IS NULL`,
      `SECURITY LABEL FOR "my ""provider" ON COLUMN people."E mail" IS NULL`,
      `SECURITY LABEL FOR "my ""provider" ON FUNCTION f(integer) IS 'goes'`,
      `SECURITY LABEL FOR "my ""provider" ON TABLE people IS 'old'`,
    ]);
  });

  test('come back with what is made anew, and go with it without a word', async () => {
    const from = await scratch.state(
      `${TABLES} ${label(`'names'::regclass, 'pg_class'::regclass`, 1, 'kept')}`,
    );
    const to = await scratch.state(
      `${TABLES.replace('AS name', '|| 1::text AS other')} ${label(`'names'::regclass, 'pg_class'::regclass`, 1, 'kept')}`,
    );
    const { up } = planBothWays(from, to, postgresDialect);
    expect(planStatements(up).filter((sql) => sql.startsWith('SECURITY'))).toEqual([
      `SECURITY LABEL FOR "my ""provider" ON COLUMN names.other IS 'kept'`,
    ]);
  });
});
