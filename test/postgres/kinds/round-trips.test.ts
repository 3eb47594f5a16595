import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEachServer } from '../../support/postgres-server.js';
import { Playground, sqlOf } from './playground.js';

interface Case {
  readonly sql: string;
  /** Ids that must have been read; `!` in front: must not. */
  readonly has: readonly string[];
  /** A piece that must be in the generated SQL. */
  readonly writes?: readonly string[];
  /** `server_version_num` from which it works. */
  readonly from?: number;
}

const PG14 = 140000;
const TRIGGER_FUNCTION =
  'create function tg() returns trigger language plpgsql as $$ begin return coalesce(new, old); end $$;';

const CASES: Readonly<Record<string, Case>> = {
  'an extension': {
    sql: 'create schema "My Ext"; create extension citext schema "My Ext"; create table t (a "My Ext".citext)',
    has: ['extension:citext', '!function:My Ext.citext(text)', '!comment:extension:citext'],
    writes: ['CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA "My Ext"'],
  },
  'an extension with a comment of its own': {
    sql: "create extension citext; comment on extension citext is 'ours'",
    has: ['comment:extension:citext'],
    writes: ['CREATE EXTENSION IF NOT EXISTS citext', "COMMENT ON EXTENSION citext IS 'ours'"],
  },
  enums: {
    sql: `create type mood as enum ('sad', 'it''s; ok', '\\', '日本'); create type empty as enum ();
          create schema s; create type s."Mood" as enum ('a'); create table t (m mood default 'sad', n s."Mood"[])`,
    has: ['enum:public.mood', 'enum:public.empty', 'enum:s.Mood'],
    writes: ['CREATE TYPE s."Mood" AS ENUM (\'a\')'],
  },
  domains: {
    sql: `create domain d as int default 1 not null constraint pos check (value > 0) check (value < 100);
          create domain dd as d; create domain dt as varchar(5) collate "C";
          create domain da as int[] check (array_length(value, 1) > 0);
          alter domain dd add constraint later check (value <> 7) not valid`,
    has: [
      'domain:public.d',
      'domain-constraint:public.d.pos',
      'domain:public.dd',
      'domain-constraint:public.dd.later',
    ],
    writes: [
      'CREATE DOMAIN d AS integer DEFAULT 1 NOT NULL\n  CONSTRAINT d_check CHECK',
      'ALTER DOMAIN dd ADD CONSTRAINT later CHECK (((VALUE)::integer <> 7)) NOT VALID',
      'CREATE DOMAIN dt AS character varying(5) COLLATE "C"',
    ],
  },
  'a domain whose check calls a function': {
    sql: `create function ok(int) returns boolean language sql immutable as 'select $1 > 0';
          create domain d as int check (ok(value)); create function uses(d) returns d language sql as 'select $1'`,
    has: ['function:public.ok(integer)', 'function:public.uses(d)'],
  },
  'composite types': {
    sql: `create type point3 as (x float8, "Y y" numeric(5,2), t text collate "C"); create type nested as (p point3, ps point3[]);
          create type nothing as (); create table t (n nested)`,
    has: ['composite-type:public.point3', 'composite-type:public.nested', 'composite-type:public.nothing'],
    writes: ['"Y y" numeric(5,2)', 't text COLLATE "C"'],
  },
  'range types': {
    sql: `create function d(float8, float8) returns float8 language sql immutable as 'select $1 - $2';
          create type fr as range (subtype = float8, subtype_diff = d); create type tr as range (subtype = text, collation = "C");
          create type po as range (subtype = text, subtype_opclass = text_pattern_ops); create table t (a fr, b tr)`,
    has: [
      'range-type:public.fr',
      'range-type:public.tr',
      '!function:public.fr(double precision, double precision)',
    ],
    writes: ['SUBTYPE_DIFF = d', 'COLLATION = "C"', 'SUBTYPE_OPCLASS = text_pattern_ops'],
  },
  'a multirange': {
    sql: 'create type fr as range (subtype = float8, multirange_type_name = many); create table t (a many)',
    has: ['range-type:public.fr'],
    writes: ['MULTIRANGE_TYPE_NAME = many'],
    from: PG14,
  },
  functions: {
    sql: `create function f() returns int language sql as 'select 1';
          create function f(a int, b text default 'x;y', variadic c int[] default '{}') returns text language plpgsql
            stable strict security definer leakproof parallel safe cost 7 set search_path = '' set work_mem = '1MB' as $x$ begin return $$a$$; end $x$;
          create function o(in a int, out b int, inout c text) language sql as 'select 1, $2';
          create function ts() returns table (a int, "B b" text) language sql rows 5 as $$ select 1, 'x$' $$;
          create function so() returns setof int language sql immutable set search_path = "My S", public, "$user" as 'select 1';
          create procedure pr(a int default 3) language plpgsql as $$ begin commit; end $$;
          create schema s; create function s."F ;n"("a b" int) returns void language plpgsql as $$ begin end; -- $$;
          create function dollar() returns text language sql as $f$ select '$$ $function$ '::text || '$' $f$`,
    has: [
      'function:public.f()',
      'function:public.f(integer, text, integer[])',
      'function:public.o(integer, text)',
      'function:public.pr(integer)',
      'function:s.F ;n(integer)',
    ],
    writes: [
      'STABLE STRICT SECURITY DEFINER LEAKPROOF PARALLEL SAFE COST 7',
      "SET search_path TO ''",
      'SET search_path TO "My S", public, \'$user\'',
      'CREATE PROCEDURE pr(',
      'ROWS 5',
    ],
  },
  'bodies in standard SQL': {
    sql: `create table t (a int); create function f(x int) returns bigint begin atomic select count(*) from t where a = x; end;
          create function g(x int) returns int immutable return x + 1; create view v as select f(a) from t`,
    has: ['function:public.f(integer)', 'function:public.g(integer)'],
    from: PG14,
  },
  'functions that call each other, and tables that come later': {
    sql: `set check_function_bodies = off;
          create function a(int) returns int language sql as 'select b($1)'; create function b(int) returns int language sql as 'select a($1)';
          create function first() returns bigint language sql as 'select count(*) from zz'; create table zz (a int default 1);
          create function row_of(zz) returns setof zz language sql as 'select $1';
          reset check_function_bodies`,
    has: ['function:public.row_of(zz)'],
  },
  'functions in defaults, checks, indexes and generated columns': {
    sql: `create function inc(int) returns int language sql immutable as 'select $1 + 1';
          create table t (a int default inc(1) check (inc(a) > 0), b int generated always as (inc(a)) stored);
          create index i on t (inc(a)) where inc(a) > 3`,
    has: ['function:public.inc(integer)'],
  },
  triggers: {
    sql: `${TRIGGER_FUNCTION} create table t (a int, "b c" text); create schema s; create table s."T" (a int);
          create view v as select * from t;
          create trigger one before insert or update of a, "b c" on t for each row when (new.a > 0 and new."b c" <> ' ON public.') execute function tg('x', 'y');
          create trigger " ON public.t" after delete on t referencing old table as gone for each statement execute function tg();
          create constraint trigger con after insert on s."T" from t deferrable initially deferred for each row execute function tg();
          create trigger vi instead of insert on v for each row execute function tg();
          create trigger off after insert on t execute function tg(); alter table t disable trigger off;
          create trigger rep after insert on t execute function tg(); alter table t enable replica trigger rep;
          create trigger alw after insert on t execute function tg(); alter table t enable always trigger alw`,
    has: ['trigger:public.t.one', 'trigger:s.T.con', 'trigger:public.v.vi', 'trigger:public.t.off'],
    writes: [
      ' ON t FOR EACH ROW WHEN',
      'ALTER TABLE t DISABLE TRIGGER off',
      'ALTER TABLE t ENABLE REPLICA TRIGGER rep',
      'ALTER TABLE t ENABLE ALWAYS TRIGGER alw',
    ],
  },
  views: {
    sql: `create table t (a int primary key, b text); create view v1 as select * from t; create view a0 as select a, count(*) from v1 group by a;
          create schema s; create view s."V ;" ("x y", z) as select a, b from a0 join t using (a) where b in ('x', 'y');
          create view grouped as select a, b from t group by a;
          create view upd with (security_barrier) as select a from t where a > 0 with local check option;
          create recursive view r (n) as values (1) union all select n + 1 from r where n < 5;
          create view nothing as select`,
    has: ['view:public.v1', 'view:s.V ;', 'view:public.upd'],
    writes: ["WITH (check_option = 'local', security_barrier = true)"],
  },
  'an invoker view': {
    sql: 'create view v with (security_invoker = on) as select 1 as a',
    has: ['view:public.v'],
    writes: ['WITH (security_invoker = on)'],
    from: 150000,
  },
  'materialised views': {
    sql: `create table t (a int); create view v as select a from t; create materialized view m with (fillfactor = 70) as select a from v;
          create materialized view m2 as select a from m with no data; create unique index mi on m (a); create index me on m2 ((a + 1))`,
    has: ['materialized-view:public.m', 'index:public.mi'],
    writes: ['WITH (fillfactor = 70)', 'WITH NO DATA'],
  },
  comments: {
    sql: `create schema s; comment on schema s is 'sch'; comment on schema public is 'other';
          create table t (a int constraint c check (a > 0) default 1, "b.c" text unique, primary key (a)); comment on table t is E'it''s \\\\ ; $$\nline';
          comment on column t.a is 'a'; comment on column t."b.c" is 'bc'; comment on constraint c on t is 'c'; comment on constraint t_pkey on t is 'pk';
          create index i on t (a); comment on index i is 'i'; create sequence q; comment on sequence q is 'q';
          create view v as select a as "x y" from t; comment on view v is 'v'; comment on column v."x y" is 'va';
          create materialized view m as select a from t; comment on materialized view m is 'm'; comment on column m.a is 'ma';
          create type e as enum ('a'); comment on type e is 'e'; create type co as (x int); comment on type co is 'co'; comment on column co.x is 'cox';
          create domain d as int constraint dc check (value > 0); comment on domain d is 'd'; comment on constraint dc on domain d is 'dc';
          create type ra as range (subtype = float8); comment on type ra is 'ra';
          create function f(a int, out b int) language sql as 'select 1'; comment on function f(int) is 'f'; create procedure p() language sql as 'select 1'; comment on procedure p() is 'p';
          ${TRIGGER_FUNCTION} create trigger tr before insert on t for each row execute function tg(); comment on trigger tr on t is 'tr'`,
    has: [
      'comment:schema:public',
      'comment:schema:s',
      'comment:table:public.t',
      'comment:column:public.t.a',
      'comment:column:public.t."b.c"',
      'comment:constraint:public.t.c',
      'comment:constraint:public.t.t_pkey',
      'comment:index:public.i',
      'comment:sequence:public.q',
      'comment:view:public.v',
      'comment:view:public.v.x y',
      'comment:materialized-view:public.m',
      'comment:materialized-view:public.m.a',
      'comment:enum:public.e',
      'comment:composite-type:public.co',
      'comment:composite-type:public.co.x',
      'comment:domain:public.d',
      'comment:domain-constraint:public.d.dc',
      'comment:range-type:public.ra',
      'comment:function:public.f(integer)',
      'comment:function:public.p()',
      'comment:trigger:public.t.tr',
    ],
    writes: ['COMMENT ON CONSTRAINT dc ON DOMAIN d', 'COMMENT ON COLUMN v."x y"', 'COMMENT ON PROCEDURE p()'],
  },
};

describeEachServer(
  'types, routines, views and comments, from the catalog to SQL and back',
  (server) => {
    let playground: Playground;
    beforeAll(async () => {
      playground = await Playground.open(server);
    });
    afterAll(() => playground.close());

    for (const [title, { sql, has, writes = [], from = 0 }] of Object.entries(CASES)) {
      it(title, async () => {
        await playground.clear();
        if (playground.connection.versionNumber < from) {
          await expect(playground.run(sql)).rejects.toThrow();
          return;
        }
        const { state, plan } = await playground.roundTrip(sql);
        const ids = [...state.objects.keys()];
        expect(ids).toEqual(expect.arrayContaining(has.filter((id) => !id.startsWith('!'))));
        for (const id of has.filter((id) => id.startsWith('!'))) expect(ids).not.toContain(id.slice(1));
        for (const piece of writes) expect(sqlOf(plan).join(';\n')).toContain(piece);
        expect(state.unmanaged).toEqual([]);
      });
    }
  },
  { embedded: true },
);
