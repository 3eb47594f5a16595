import { describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { conversionNotes, losesValues, losesValuesByCast } from '../../../src/postgres/kinds/lost-values.js';
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
    ['numeric(10,2)', 'numeric(8,2)', false],
    ['integer', 'numeric(5,-2)', true],
    ['text', 'numeric(10,2)', true],
    ['text', 'numeric', false],
    ['integer', 'boolean', true],
    ['boolean', 'integer', false],
    ['money', 'integer', true],
    ['numeric', 'money', true],
    ['jsonb', 'integer', true],
    ['jsonb', 'numeric', false],
    ['integer', 'bit(8)', true],
    ['integer', 'bit(32)', false],
    ['bit(8)', 'bit(4)', false],
    ['text', 'bit(4)', true],
    ['interval', 'interval day', true],
    ['interval day', 'interval', false],
    ['interval(3)', 'interval(0)', true],
    ['interval', 'time without time zone', true],
    ['time without time zone', 'interval', false],
    ['timestamp(3) without time zone', 'timestamp with time zone', false],
    ['vector(3)', 's.halfvec(3)', true],
    ['inet', 'cidr', true],
  ])('%s to %s: %s', (from, to, loses) => {
    expect(losesValues(from, to)).toBe(loses);
  });
});

it.each([
  ['integer', 'character varying(3)', true],
  ['character varying(3)', 'character varying(5)', false],
  ['integer', 'text', false],
])('a cast of %s to %s cuts: %s', (from, to, loses) => {
  expect(losesValuesByCast(from, to)).toBe(loses);
});

it.each([
  ['timestamp(3) with time zone', 'timestamp without time zone', /TimeZone/],
  ['timestamp without time zone[]', 'timestamp with time zone[]', /TimeZone/],
  ['date', 'timestamp with time zone', /TimeZone/],
  ['json', 'jsonb', /order of keys/],
  ['text', 'character(5)', /blanks/],
])('%s to %s has something to be known', (from, to, message) => {
  expect(conversionNotes(from, to, 't.a')).toEqual([
    { code: 'change-type', level: 'note', subject: 't.a', message: expect.stringMatching(message) },
  ]);
});

it.each([
  ['date', 'timestamp without time zone'],
  ['jsonb', 'json'],
  ['interval', 'time without time zone'],
])('%s to %s has not', (from, to) => expect(conversionNotes(from, to, 't.a')).toEqual([]));

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
