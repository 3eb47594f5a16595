import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { planStatements } from '../../../src/schema/plan.js';
import { planChanges } from '../../../src/schema/planner.js';
import { embedded } from '../../support/postgres-server.js';
import { Playground } from './playground.js';

const TYPE = `
  CREATE SCHEMA s;
  CREATE TYPE s."it's";
  CREATE FUNCTION s.t_in(cstring) RETURNS s."it's" LANGUAGE internal IMMUTABLE STRICT AS 'textin';
  CREATE FUNCTION s.t_out(s."it's") RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
  CREATE TYPE s."it's" (INPUT = s.t_in, OUTPUT = s.t_out);`;

describe('a base type that is dropped', () => {
  let playground: Playground;
  beforeAll(async () => {
    playground = await Playground.open(embedded());
  }, 60_000);
  afterAll(() => playground.close());

  it.each([
    ['a table', `CREATE TABLE later (a s."it's")`, 'column a of table later'],
    ['an array', `CREATE TABLE later (a s."it's"[])`, 'column a of table later'],
    [
      'a function',
      `CREATE FUNCTION later(s."it's") RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      'function later',
    ],
    ['a view over its function', `CREATE VIEW later AS SELECT s.t_in('x')::text AS a`, 'view later'],
  ])('takes nothing along that the plan knows nothing of: %s', async (_, later, named) => {
    await playground.clear();
    const empty = await playground.read();
    const state = await playground.stateOf(TYPE);
    await playground.run(TYPE);
    await playground.run(later);
    const statements = planStatements(planChanges(state, empty, postgresDialect));
    await expect(playground.connection.executeAll(['BEGIN', ...statements, 'COMMIT'])).rejects.toThrow(
      `type s.it's is still used by ${named === 'view later' ? 'rule _RETURN on view later' : named}`,
    );
    await playground.connection.executeAll(['ROLLBACK']);
    expect(await playground.rows(`SELECT 's."it''s"'::regtype IS NOT NULL AS there`)).toEqual([
      { there: true },
    ]);
  });
});
