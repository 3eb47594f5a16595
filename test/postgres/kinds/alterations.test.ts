import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEachServer } from '../../support/postgres-server.js';
import { Playground, sqlOf } from './playground.js';

interface Alteration {
  readonly from: string;
  readonly to: string;
  /** Rows put in while the first state stands. */
  readonly rows?: string;
  /** A query, and its values after the way there and after the way back (by default the same). */
  readonly keeps?: readonly [query: string, there: unknown[], back?: unknown[]];
  /** The statements of the way there and of the way back, where they matter. */
  readonly up?: readonly unknown[];
  readonly down?: readonly unknown[];
  readonly hazards?: readonly string[];
  /** `server_version_num` from which it works. */
  readonly since?: number;
}

const TG = 'create function tg() returns trigger language plpgsql as $$ begin return new; end $$;';

const CASES: Readonly<Record<string, Alteration>> = {
  'extension: moved to another schema': {
    from: 'create schema s; create extension citext; create table t (a citext)',
    to: 'create schema s; create extension citext schema s; create table t (a s.citext)',
    rows: "insert into t values ('x')",
    keeps: ['select a::text from t', ['x']],
  },
  'enum: values at the end, in the middle and in front': {
    from: "create type e as enum ('b', 'd'); create table t (a e default 'b')",
    to: "create type e as enum ('a', 'a2', 'b', 'c', 'c2', 'd', 'e', 'f'); create table t (a e default 'b')",
    rows: "insert into t values ('d'), (default)",
    keeps: ['select a::text from t order by a', ['b', 'd']],
    up: [
      "ALTER TYPE e ADD VALUE 'a' BEFORE 'b'",
      "ALTER TYPE e ADD VALUE 'a2' BEFORE 'b'",
      "ALTER TYPE e ADD VALUE 'c' AFTER 'b'",
      "ALTER TYPE e ADD VALUE 'c2' AFTER 'c'",
      "ALTER TYPE e ADD VALUE 'e'",
      "ALTER TYPE e ADD VALUE 'f'",
    ],
    down: [
      'ALTER TABLE t ALTER COLUMN a DROP DEFAULT',
      'ALTER TYPE e RENAME TO e__old',
      "CREATE TYPE e AS ENUM ('b', 'd')",
      'ALTER TABLE t\n  ALTER COLUMN a TYPE e USING a::text::e',
      'DROP TYPE e__old',
      expect.stringMatching(/^ALTER TABLE t ALTER COLUMN a SET DEFAULT 'b'/),
    ],
  },
  'enum: added value becomes the default': {
    from: "create type e as enum ('a'); create table t (a e default 'a')",
    to: "create type e as enum ('a', 'b'); create table t (a e default 'b')",
    rows: 'insert into t default values',
    keeps: ['select a::text from t', ['a']],
  },
  'enum: without a column': {
    from: "create type e as enum ('a', 'b'); create function f(e) returns e language sql as 'select $1'",
    to: "create type e as enum ('b'); create function f(e) returns e language sql as 'select $1'",
  },
  'enum: reordered, with everything that can hang on it': {
    from: `create type e as enum ('a', 'b', 'c'); comment on type e is 'kept';
           create table t (id int, a e not null default 'a' check (a <> 'c'), l e[] default '{a,b}', g text generated always as (case when a = 'a'::e then 'x' else 'y' end) stored);
           comment on column t.a is 'kept too'; create index i on t (a) where a <> 'b'; create index plain on t (a);
           create table k (a e primary key); create table r (a e references k, unique (a));
           create view v as select id, a, l from t where a = 'a'; create view vv as select * from v; create materialized view m as select a from vv;
           create index mi on m (a); create function f(x e default 'a') returns e language sql as 'select x'; create view fv as select f();
           ${TG} create trigger tr before update of a on t for each row when (new.a = 'b') execute function tg()`,
    to: `create type e as enum ('c', 'b', 'a'); comment on type e is 'kept';
           create table t (id int, a e not null default 'a' check (a <> 'c'), l e[] default '{a,b}', g text generated always as (case when a = 'a'::e then 'x' else 'y' end) stored);
           comment on column t.a is 'kept too'; create index i on t (a) where a <> 'b'; create index plain on t (a);
           create table k (a e primary key); create table r (a e references k, unique (a));
           create view v as select id, a, l from t where a = 'a'; create view vv as select * from v; create materialized view m as select a from vv;
           create index mi on m (a); create function f(x e default 'a') returns e language sql as 'select x'; create view fv as select f();
           ${TG} create trigger tr before update of a on t for each row when (new.a = 'b') execute function tg()`,
    rows: "insert into t (id) values (1); insert into t (id, a, l) values (2, 'b', null); insert into k values ('c'), ('a'); insert into r values ('a')",
    keeps: [
      "select concat_ws('|', id, a, l, g, (select string_agg(a::text, ',') from r)) from t order by id",
      ['1|a|{a,b}|x|a', '2|b|y|a'],
    ],
    hazards: ['rewrite-table e'],
  },
  'enum: value removed under a domain, a composite and an array of the domain': {
    from: `create type e as enum ('z', 'a', 'b'); create domain d as e not null default 'a' check (value <> 'z'); create type c as (x e, y d[]); create domain dc as c;
           create table t (a d, b d[], c c, dc dc, e int); create function f(d) returns c language sql as 'select null::c'; comment on domain d is 'dom'; comment on column c.x is 'x'`,
    to: `create type e as enum ('0', 'a', 'z'); create domain d as e not null default 'a' check (value <> 'z'); create type c as (x e, y d[]); create domain dc as c;
           create table t (a d, b d[], c c, dc dc, e int); create function f(d) returns c language sql as 'select null::c'; comment on domain d is 'dom'; comment on column c.x is 'x'`,
    rows: `insert into t values ('a', '{a}', row('a', '{a,a}'), row('a', null), 1)`,
    keeps: ['select t::text from t', ['(a,{a},"(a,""{a,a}"")","(a,)",1)']],
    hazards: ['remove-enum-value e', 'rewrite-table e'],
  },
  'enum: temporary name is taken': {
    from: "create type e as enum ('a', 'b'); create type e__old as enum ('x'); create table t (a e, b e__old)",
    to: "create type e as enum ('b'); create type e__old as enum ('x'); create table t (a e, b e__old)",
  },
  'enum: 63 bytes of name, hostile': {
    from: `create schema "s ;"; create type "s ;"."${'é'.repeat(31)}" as enum ('a', 'b'); create table "s ;"."t ""x" ("c;" "s ;"."${'é'.repeat(31)}")`,
    to: `create schema "s ;"; create type "s ;"."${'é'.repeat(31)}" as enum ('b', 'a'); create table "s ;"."t ""x" ("c;" "s ;"."${'é'.repeat(31)}")`,
    rows: `insert into "s ;"."t ""x" values ('a')`,
    keeps: [`select "c;"::text from "s ;"."t ""x"`, ['a']],
  },
  'enum: one column joins it, another leaves it': {
    from: "create type e as enum ('a', 'b'); create table t (x e, y text, z e)",
    to: "create type e as enum ('b', 'a'); create table t (x text, y e, z e)",
    rows: "insert into t values ('a', 'b', 'a')",
    keeps: ['select concat(x, y, z) from t', ['aba']],
  },
  'domain: default and not null': {
    from: 'create domain d as int; create table t (a d)',
    to: 'create domain d as int default 5 not null; create table t (a d)',
    up: ['ALTER DOMAIN d SET DEFAULT 5', 'ALTER DOMAIN d SET NOT NULL'],
    down: ['ALTER DOMAIN d DROP DEFAULT', 'ALTER DOMAIN d DROP NOT NULL'],
    hazards: ['set-not-null d'],
  },
  'domain: constraints': {
    from: 'create domain d as int constraint a check (value > 0) constraint b check (value > 1); alter domain d add constraint nv check (value > 2) not valid',
    to: 'create domain d as int constraint a check (value > 5) constraint c check (value < 9); alter domain d add constraint nv check (value > 2)',
  },
  'domain: another base type': {
    from: "create domain d as int default 1 check (value > 0); create table t (a d, b d[]); create view v as select a from t; create index i on t (a); comment on domain d is 'x'",
    to: "create domain d as bigint default 1 check (value > 0); create table t (a d, b d[]); create view v as select a from t; create index i on t (a); comment on domain d is 'x'",
    rows: "insert into t values (7, '{8}')",
    keeps: ['select concat(a, b) from t', ['7{8}']],
    hazards: ['change-type d', 'rewrite-table d'],
  },
  'composite: attributes added and dropped under a column': {
    from: 'create type c as (x int, y text); create table t (c c)',
    to: 'create type c as (y text, z int); create table t (c c)',
    rows: "insert into t values (row(1, 'a'))",
    up: ['ALTER TYPE c DROP ATTRIBUTE x, ADD ATTRIBUTE z integer'],
    keeps: ['select (c).y from t', ['a']],
    hazards: ['drop-attribute c.x'],
  },
  'composite: reordered under a column': {
    from: 'create type c as (x int, y text, d date); create table t (c c); create view v as select (c).x from t',
    to: 'create type c as (n int, y text, x bigint); create table t (c c); create view v as select (c).x from t',
    rows: "insert into t values (row(1, 'a', '2020-01-01')), (null)",
    keeps: ['select (c).x::text from t order by 1', ['1', null]],
    hazards: ['drop-attribute c.d', 'change-type c.x', 'rewrite-table c'],
  },
  'composite: attribute retyped, used in arrays': {
    from: 'create type c as (x int, y text); create table t (c c, l c[])',
    to: 'create type c as (x bigint, y text); create table t (c c, l c[])',
    rows: `insert into t values (row(1, 'a"b'), array[row(2, null)::c])`,
    keeps: ['select t::text from t', ['("(1,""a""""b"")","{""(2,)""}")']],
  },
  'composite: reordered without a column': {
    from: "create type c as (x int, y text); create function f(c) returns int language sql as 'select 1'",
    to: "create type c as (y text, x int); create function f(c) returns int language sql as 'select 1'",
  },
  'range: another subtype, under an exclusion constraint, an index, a view and a domain': {
    from: "create type r as range (subtype = int4); create domain d as r; create table t (a r default '[1,2)' not null, b r[], c d, exclude using gist (a with &&)); create index i on t using gist (c); create view v as select a from t; create function f(r) returns r language sql as 'select $1'",
    to: "create type r as range (subtype = int8); create domain d as r; create table t (a r default '[1,2)' not null, b r[], c d, exclude using gist (a with &&)); create index i on t using gist (c); create view v as select a from t; create function f(r) returns r language sql as 'select $1'",
    rows: "insert into t values ('[1,5)', '{empty}', '(,3)'); insert into t values ('[5,6)')",
    keeps: ['select concat(a, b, c) from t order by a', ['[1,5){empty}(,3)', '[5,6)']],
    hazards: ['rewrite-table r'],
  },
  'range: its multirange': {
    from: 'create type r as range (subtype = float8); create table t (a r_multirange)',
    to: 'create type r as range (subtype = float8, multirange_type_name = many); create table t (a many)',
    since: 140000,
  },
  'function: another body, in place': {
    from: "create function f(int) returns int language sql immutable as 'select 1'; create view v as select f(1)",
    to: "create function f(a int) returns int language sql stable cost 3 as 'select 2'; create view v as select f(1)",
    keeps: ['select f from v', [2], [1]],
    up: [
      'CREATE OR REPLACE FUNCTION f(a integer)\nRETURNS integer\nLANGUAGE sql\nSTABLE COST 3\nAS $$select 2$$',
    ],
  },
  'function: body kept by an index': {
    from: "create function f(int) returns int language sql immutable as 'select $1'; create table t (a int check (f(a) > 0)); create index i on t (f(a))",
    to: "create function f(int) returns int language sql immutable as 'select $1 + 1'; create table t (a int check (f(a) > 0)); create index i on t (f(a))",
    hazards: ['stale-results f(integer)', 'stale-results f(integer)'],
  },
  'function: another result, under a view, a default, a check and an index': {
    from: "create function f(int) returns int language sql immutable as 'select 1'; create view v as select f(1); create table t (a int default f(1) check (f(a) > 0)); create index i on t (f(a))",
    to: "create function f(int) returns bigint language sql immutable as 'select 1::bigint'; create view v as select f(1); create table t (a int default f(1) check (f(a) > 0)); create index i on t (f(a))",
    rows: 'insert into t values (5)',
    keeps: ['select a from t', [5]],
  },
  'function: argument renamed, default removed, made a procedure': {
    from: `create function a(x int) returns int language sql as 'select 1'; create function b(x int default 1) returns int language sql as 'select 1';
           create function c(x int) returns void language sql as 'select'; create function d(x int) returns int language sql as 'select 1'`,
    to: `create function a(y int) returns int language sql as 'select 1'; create function b(x int) returns int language sql as 'select 1';
           create procedure c(x int) language sql as 'select'; create function d(x text) returns int language sql as 'select 1'`,
  },
  'function: trigger function of another kind': {
    from: `${TG} create table t (a int); create trigger tr before insert on t for each row execute function tg(); comment on trigger tr on t is 'x'`,
    to: `create schema s; create function s.tg() returns trigger language plpgsql as $$ begin return new; end $$;
         create table t (a int); create trigger tr before insert on t for each row execute function s.tg(); comment on trigger tr on t is 'x'`,
  },
  'function: body in standard SQL over a retyped column': {
    from: 'create table t (a int); create function f() returns bigint begin atomic select sum(a) from t; end',
    to: 'create table t (a bigint); create function f() returns bigint begin atomic select sum(a) from t; end',
    since: 140000,
  },
  'trigger: state and definition': {
    from: `${TG} create table t (a int); create trigger x before insert on t for each row execute function tg(); create trigger y before insert on t for each row execute function tg()`,
    to: `${TG} create table t (a int); create trigger x before insert on t for each row execute function tg(); alter table t disable trigger x; create trigger y before update on t for each row execute function tg()`,
  },
  'trigger: over a retyped column': {
    from: `${TG} create table t (a int); create trigger x before update of a on t for each row when (new.a > 1) execute function tg()`,
    to: `${TG} create table t (a bigint); create trigger x before update of a on t for each row when (new.a > 1) execute function tg()`,
  },
  'view: column added at the end': {
    from: 'create table t (a int, b text); create view v as select a from t; create view w as select * from v',
    to: 'create table t (a int, b text, c int); create view v as select a, c from t; create view w as select a from v',
    up: ['ALTER TABLE t ADD COLUMN c integer', expect.stringMatching(/^CREATE OR REPLACE VIEW v AS\n/)],
  },
  'view: column renamed under another view': {
    from: "create table t (a int); create view v as select a from t; create view w as select a from v; comment on view w is 'kept'; comment on column w.a is 'kept'",
    to: "create table t (a int); create view v as select a as b from t; create view w as select b as a from v; comment on view w is 'kept'; comment on column w.a is 'kept'",
  },
  'view: no longer reads a column that goes': {
    from: 'create table t (a int, b int); create view v as select a, b from t',
    to: 'create table t (a int); create view v as select a from t',
  },
  'view: over a retyped column': {
    from: 'create table t (a int); create view v as select a from t; create view w as select a from v; create materialized view m as select a from w; create index i on m (a)',
    to: 'create table t (a text); create view v as select a from t; create view w as select a from v; create materialized view m as select a from w; create index i on m (a)',
  },
  'view: options': {
    from: 'create table t (a int); create view v with (security_barrier) as select a from t where a > 0',
    to: 'create table t (a int); create view v as select a from t where a > 0 with cascaded check option',
    up: ['ALTER VIEW v RESET (security_barrier)', "ALTER VIEW v SET (check_option = 'cascaded')"],
  },
  'view: becomes a table, and a table a view': {
    from: 'create table a (x int); create view b as select x from a',
    to: 'create table b (x int); create view a as select x from b',
  },
  'view: becomes a materialised view': {
    from: 'create table t (a int); create view v as select a from t; create view w as select a from v',
    to: 'create table t (a int); create materialized view v as select a from t; create view w as select a from v',
  },
  'materialised view: another query, with its indexes and comments': {
    from: "create table t (a int, b int); create materialized view m as select a from t; create unique index i on m (a); create view v as select a from m; comment on index i is 'i'; comment on column m.a is 'a'",
    to: "create table t (a int, b int); create materialized view m with (fillfactor = 50) as select a, b from t; create unique index i on m (a); create view v as select a from m; comment on index i is 'i'; comment on column m.a is 'a'",
  },
  'materialised view: options': {
    from: 'create materialized view m as select 1 as a',
    to: 'create materialized view m with (fillfactor = 50) as select 1 as a',
    up: ['ALTER MATERIALIZED VIEW m SET (fillfactor = 50)'],
  },
  'comments: new, changed, gone': {
    from: "create table t (a int, b int, c int); comment on column t.a is 'a'; comment on column t.b is 'b'; comment on table t is 't'; create view v as select a from t; comment on column v.a is 'x'",
    to: "create table t (a int, b int, c int); comment on column t.b is 'B''s'; comment on column t.c is 'c'; comment on table t is 't'; create view v as select a from t",
  },
};

describeEachServer(
  'changes of types, routines, views and comments, there and back',
  (server) => {
    let playground: Playground;
    beforeAll(async () => {
      playground = await Playground.open(server);
    });
    afterAll(() => playground.close());

    for (const [title, change] of Object.entries(CASES)) {
      it(title, async () => {
        await playground.clear();
        if (playground.connection.versionNumber < (change.since ?? 0)) {
          await expect(playground.run(change.from)).rejects.toThrow();
          return;
        }
        const wanted = await playground.stateOf(change.to);
        await playground.run(change.from);
        const before = await playground.read();
        if (change.rows !== undefined) await playground.run(change.rows);
        const kept = async (expected: unknown[] | undefined): Promise<void> => {
          if (change.keeps === undefined) return;
          const rows = await playground.rows(change.keeps[0]);
          expect(rows.map((row) => Object.values(row)[0])).toEqual(expected);
        };

        const up = await playground.migrate(wanted);
        expect(up.steps).not.toEqual([]);
        if (change.up !== undefined) expect(sqlOf(up)).toEqual(expect.arrayContaining([...change.up]));
        if (change.hazards !== undefined) {
          expect(hazardsOf(up)).toEqual(expect.arrayContaining([...change.hazards]));
        }
        await kept(change.keeps?.[1]);

        const down = await playground.migrate(before);
        if (change.down !== undefined) expect(sqlOf(down)).toEqual(change.down);
        await kept(change.keeps?.[2] ?? change.keeps?.[1]);
      });
    }
  },
  { embedded: true },
);

function hazardsOf(plan: Awaited<ReturnType<Playground['migrate']>>): string[] {
  return plan.steps.flatMap((step) => step.hazards.map(({ code, subject }) => `${code} ${subject}`));
}
