import { afterAll, expect, it } from 'vitest';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { migrationEngine } from '../../src/migrations/engine.js';
import { applyPlan } from '../../src/planning/apply-plan.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { planChanges } from '../../src/schema/planner.js';

const dev = openEmbeddedDev();
afterAll(() => dev.close());

it('counts the rows that hold a removed value before anything runs', async () => {
  const bench = new Workbench({ dialect: postgresDialect, openDev: async () => dev });
  const before = `CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy'); CREATE TABLE "T" (a mood, b mood[]);`;
  const after = `CREATE TYPE mood AS ENUM ('happy'); CREATE TABLE "T" (a mood, b mood[]); CREATE TABLE u ();`;
  const [from, to] = [
    await bench.readScripts([{ name: 'a.sql', sql: before }]),
    await bench.readScripts([{ name: 'b.sql', sql: after }]),
  ];
  const plan = planChanges(from, to, postgresDialect);
  await dev.scratch(async (connection) => {
    const engine = await migrationEngine(connection);
    const apply = () => applyPlan(connection, plan, { dialect: postgresDialect, engine, settings: [] });
    await connection.executeAll([
      ...before.split(/;\s*/).filter(Boolean),
      `INSERT INTO "T" VALUES ('sad', '{happy}'), ('so so', '{}'), ('happy', '{sad,happy}'), (NULL, NULL)`,
    ]);
    await expect(apply()).rejects.toMatchObject({
      code: 'apply-failed',
      message: expect.stringMatching(/T\.a holds 'sad' or 'so so' \(2 rows\); .*T\.b holds .* \(1 row\)/),
      details: { rows: [{ rows: 2 }, { rows: 1 }] },
    });
    expect(await connection.query(`SELECT to_regclass('u') AS u`)).toEqual([{ u: null }]);
    await connection.executeAll([`UPDATE "T" SET a = 'happy', b = '{happy}'`]);
    await apply();
    expect(await connection.query(`SELECT enum_range(NULL::mood)::text AS r`)).toEqual([{ r: '{happy}' }]);
  });
}, 60_000);
