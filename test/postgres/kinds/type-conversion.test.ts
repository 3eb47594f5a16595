import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { losesValues } from '../../../src/postgres/kinds/type-conversion.js';
import { planHazards, planStatements } from '../../../src/schema/plan.js';
import { planChanges } from '../../../src/schema/planner.js';

describe('losesValues', () => {
  it.each([
    ['numeric(10,4)', 'numeric(10,1)', true],
    ['numeric', 'numeric(12,2)', true],
    ['numeric(10,2)', 'numeric(14,4)', false],
    ['numeric(10,2)', 'integer', true],
    ['double precision', 'real', true],
    ['integer', 'bigint', false],
    ['bigint', 'integer', false],
    ['timestamp with time zone', 'date', true],
    ['timestamp without time zone', 'time without time zone', true],
    ['timestamp(6) with time zone', 'timestamp(0) with time zone', true],
    ['time with time zone', 'time without time zone', true],
    ['date', 'timestamp with time zone', false],
    ['text', 'character varying(5)', false],
    ['text', 'name', true],
    ['numeric(10,4)[]', 'numeric(10,1)[]', true],
  ])('%s to %s: %s', (from, to, loses) => {
    expect(losesValues(from, to)).toBe(loses);
  });
});

describe('a narrower type', () => {
  const schemas = async (
    from: string,
    to: string,
    work: (statements: string[], hazards: string[]) => Promise<void>,
  ) => {
    const url = parseDatabaseUrl('pglite:memory');
    const wanted = await openDatabase(url);
    await wanted.executeAll([`CREATE TABLE a (v ${to})`]);
    const after = await postgresDialect.readSchema(wanted);
    await wanted.close();
    const connection = await openDatabase(url);
    try {
      await connection.executeAll([`CREATE TABLE a (v ${from})`, `INSERT INTO a VALUES ('a long text')`]);
      const plan = planChanges(await postgresDialect.readSchema(connection), after, postgresDialect);
      await work(
        planStatements(plan),
        planHazards(plan).map(({ level }) => level),
      );
      await expect(connection.executeAll(planStatements(plan))).rejects.toThrow(/too long/);
    } finally {
      await connection.close();
    }
  };

  it.each([
    ['text', 'varchar(5)'],
    ['varchar(20)', 'varchar(5)'],
  ])('of %s to %s stops at a text that is too long, and never cuts it', (from, to) =>
    schemas(from, to, async (statements, hazards) => {
      expect(statements).toEqual(['ALTER TABLE a ALTER COLUMN v TYPE character varying(5)']);
      expect(hazards).toEqual(['may-fail']);
    }),
  );
});
