import { afterAll, beforeAll, expect, it } from 'vitest';
import { postgresDialect } from '../../../src/postgres/dialect.js';
import { planHazards, planStatements } from '../../../src/schema/plan.js';
import { planChanges } from '../../../src/schema/planner.js';
import { embedded } from '../../support/postgres-server.js';
import { Playground } from './playground.js';

let playground: Playground;
beforeAll(async () => {
  playground = await Playground.open(embedded());
});
afterAll(() => playground.close());

const PARTITIONED = 'create table p (a int) partition by list (a);';

it.each([
  {
    title: 'a partition goes with its rows',
    from: `${PARTITIONED} create table p1 partition of p for values in (1); create table p2 partition of p default`,
    to: `${PARTITIONED} create table p2 partition of p default`,
    hazards: ['data-loss drop-table p1'],
  },
  {
    title: 'a detached partition keeps them',
    from: `${PARTITIONED} create table p1 partition of p for values in (1)`,
    to: `${PARTITIONED} create table p1 (a int)`,
    hazards: [],
  },
  {
    title: 'a default goes, and nothing is lost',
    from: 'create table t (a int default 5)',
    to: 'create table t (a int)',
    hazards: [],
  },
  {
    title: 'unlogged tables are emptied by a crash',
    from: 'create table t (a int)',
    to: 'create unlogged table t (a int)',
    hazards: ['note unlogged t'],
  },
  {
    title: 'domains count as what they are over',
    from: 'create domain d as numeric(10,4); create table t (a d, b d)',
    to: 'create domain d as numeric(10,4); create table t (a int, b numeric)',
    hazards: ['data-loss change-type t.a', 'may-fail change-type t.b'],
  },
  {
    title: 'within types that are made anew',
    from: `create type r as range (subtype = timestamp); create domain d as int; create type c as (x text, y text);
           create table t (a r, b d, c c)`,
    to: `create type r as range (subtype = date); create domain d as varchar(2); create type c as (y text, x varchar(2));
           create table t (a r, b d, c c)`,
    hazards: [
      'blocking rewrite-table c',
      'blocking rewrite-table d',
      'blocking rewrite-table r',
      'data-loss change-type c.x',
      'data-loss change-type d',
      'data-loss change-type r',
    ],
  },
  {
    title: 'computed values are computed again',
    from: 'create table t (a int, b numeric generated always as (a / 2.0) stored)',
    to: 'create table t (a int, b int generated always as (a / 2.0) stored)',
    hazards: ['may-fail change-type t.b'],
  },
  {
    title: 'times and documents',
    from: 'create table t (a timestamptz, b json, c interval, d text)',
    to: 'create table t (a timestamp, b jsonb, c interval day, d char(4))',
    hazards: [
      'data-loss change-type t.c',
      'may-fail change-type t.b',
      'may-fail change-type t.d',
      'note change-type t.a',
      'note change-type t.b',
      'note change-type t.d',
    ],
  },
])('$title', async ({ from, to, hazards }) => {
  await playground.clear();
  const wanted = await playground.stateOf(to);
  await playground.run(from);
  const plan = planChanges(await playground.read(), wanted, postgresDialect);
  const found = planHazards(plan).map(({ level, code, subject }) => `${level} ${code} ${subject}`);
  expect(found.sort()).toEqual(hazards);
  await playground.connection.executeAll(planStatements(plan));
});

it('a number that is too long for a text stops, and is never cut', async () => {
  await playground.clear();
  const wanted = await playground.stateOf('create table t (a varchar(3), b varchar(3)[])');
  await playground.run(`create table t (a int, b int[]); insert into t values (1234, '{1}')`);
  const statements = planStatements(planChanges(await playground.read(), wanted, postgresDialect));
  await expect(playground.connection.executeAll(statements)).rejects.toThrow(/too long/);
  await playground.run(`update t set a = 123, b = '{1234}'`);
  await expect(playground.connection.executeAll(statements.slice(1))).rejects.toThrow(/too long/);
});

it('casts where the server has one for values of another kind', async () => {
  await playground.clear();
  const wanted = await playground.stateOf(
    'create table t (a time, b timetz, c interval day, d int4multirange, e int8range)',
  );
  await playground.run(`create table t (a timestamp, b timestamptz, c interval, d int4range, e int4range);
    insert into t values ('2020-01-01 10:00:05', '2020-01-01 10:00+00', '1 day 5 hours', '[1,3)', '[1,3)')`);
  const plan = planChanges(await playground.read(), wanted, postgresDialect);
  await playground.connection.executeAll(planStatements(plan));
  expect(planHazards(plan).filter(({ message }) => /no cast/.test(message))).toEqual([]);
  expect(await playground.rows(`select a::text, c::text, d::text, e::text from t`)).toEqual([
    { a: '10:00:05', c: '1 day', d: '{[1,3)}', e: '[1,3)' },
  ]);
});
