/** Takes one of the options by the next die; the first is the simplest, where shrinking goes. */
export type Roll = <T>(...options: readonly T[]) => T;

/**
 * What random schemas are made of, in the order in which it is written. Each thing is one or a few statements made
 * of dice, the first of which settle what it is called or belongs to. Nothing sees to it that what it mentions is
 * there: what the server refuses is left out. Names are words that stand for others (`random-schema.ts`).
 */
export const THINGS: readonly {
  readonly kind: string;
  /** How often it is taken. */
  readonly weight: number;
  /** How many of the first dice say what it is; an edit that alters it leaves them alone. */
  readonly naming: number;
  readonly sql: (roll: Roll) => string | readonly string[];
}[] = [
  {
    kind: 'schema',
    weight: 2,
    naming: 0,
    sql: (roll) => `create schema s1${roll('', ' authorization tm_owner')}`,
  },
  {
    kind: 'default privileges',
    weight: 1,
    naming: 0,
    sql: (roll) =>
      `alter default privileges ${roll('', 'in schema s1 ')}${roll(
        'grant select on tables to tm_reader',
        'grant usage on sequences to tm_writer',
        'revoke execute on functions from public',
        'grant all on types to tm_writer',
      )}`,
  },
  {
    kind: 'enum',
    weight: 4,
    naming: 1,
    sql: (roll) =>
      `create type ${roll('mood1', 's1.mood2')} as enum (${roll("'a', 'b'", "'a', 'it''s', 'b'", "'b', 'a'", "'a', 'b', 'c d'", "'a'")})`,
  },
  {
    kind: 'collation',
    weight: 1,
    naming: 0,
    sql: (roll) =>
      `create collation coll1 ${roll('from "C"', "(provider = icu, locale = 'de')", "(provider = icu, locale = 'und', deterministic = false)")}`,
  },
  {
    kind: 'domain',
    weight: 4,
    naming: 1,
    sql: (roll) =>
      `create domain ${roll('dom1', 's1.dom2')} as ${roll('integer', 'bigint', 'text', 'mood1', 'integer[]', 'text collate "C"', 'numeric(8,2)', 's1.mood2')}${roll('', ' default null', " default '3'")}${roll('', ' not null')}${roll(
        '',
        ' check (value is not null)',
        ' constraint fits check (value::text <> $$13$$)',
        ' constraint fits check (f1(value::integer) > 0)',
      )}`,
  },
  {
    kind: 'composite',
    weight: 4,
    naming: 1,
    sql: (roll) =>
      `create type ${roll('pair1', 's1.pair2')} as (${[
        roll('x integer', 'x bigint', 'x text', 'x mood1', 'x dom1'),
        roll('', 'y text', 'y integer[]', 'y pair1', 'y text collate coll1'),
        roll('', 'z date', 'z s1.mood2'),
      ]
        .filter((attribute) => attribute !== '')
        .join(', ')})`,
  },
  {
    kind: 'range',
    weight: 1,
    naming: 0,
    sql: (roll) =>
      `create type span1 as range (subtype = ${roll('integer', 'numeric', 'text', 'dom1', 'mood1', 'text, collation = "C"')})`,
  },
  {
    kind: 'function',
    weight: 5,
    naming: 0,
    sql: (roll) =>
      `create function f1(${roll('', 'n ')}${roll('integer', 'bigint')}${roll('', ', m integer default 1')}) returns ${roll('integer', 'bigint', 'dom1')} ${roll(
        'language sql immutable as $$select $1::integer$$',
        'language sql immutable as $$select $1::integer + 1$$',
        'language plpgsql immutable as $$begin return $1; end$$',
        'language sql immutable strict parallel safe return 3',
        'language plpgsql immutable cost 5 as $$begin return 2 * $1; end$$',
      )}`,
  },
  {
    kind: 'function of types',
    weight: 4,
    naming: 0,
    sql: (roll) =>
      `create function f2(${roll('mood1', 'dom1', 'pair1', 'text', 'integer', 's1.pair2', 'span1')}) returns ${roll('text', 'boolean', 'mood1', 'mood1[]')} ${roll('immutable', 'stable', 'immutable leakproof', 'immutable security definer set search_path = public')} language ${roll(
        'sql as $$select null$$',
        'sql return null',
        'plpgsql as $$begin return null; end$$',
      )}`,
  },
  {
    kind: 'trigger function',
    weight: 6,
    naming: 0,
    sql: (roll) =>
      `create ${roll('', 'or replace ')}function tf1() returns trigger language plpgsql as $$begin ${roll('return new', 'return null', 'perform 1; return new')}; end$$`,
  },
  {
    kind: 'procedure',
    weight: 1,
    naming: 0,
    sql: (roll) =>
      `create procedure proc1(${roll('integer', 'inout n integer', 'mood1')}) language plpgsql as $$begin null; end$$`,
  },
  {
    kind: 'aggregate',
    weight: 1,
    naming: 0,
    sql: (roll) =>
      `create aggregate agg1(integer) (sfunc = ${roll('int4pl', 'int4larger')}, stype = integer${roll('', ", initcond = '0'", ', parallel = safe')})`,
  },
  {
    kind: 'operator function',
    weight: 2,
    naming: 0,
    sql: (roll) =>
      `create function f3(${roll('integer, integer', 'integer, integer', 'mood1, integer')}) returns boolean immutable language sql as $$select ${roll('true', 'false')}$$`,
  },
  {
    kind: 'operator',
    weight: 2,
    naming: 0,
    sql: (roll) =>
      `create operator ${roll('', 'public.')}=== (leftarg = ${roll('integer', 'integer', 'mood1')}, rightarg = integer, function = f3${roll('', ', restrict = eqsel', ', commutator = ===')})`,
  },
  {
    kind: 'cast',
    weight: 1,
    naming: 0,
    sql: (roll) =>
      `create cast (${roll('mood1 as integer', 'pair1 as text', 'mood1 as text')}) with ${roll('inout', 'function f2(mood1)')}${roll('', ' as assignment', ' as implicit')}`,
  },
  {
    kind: 'dictionary',
    weight: 1,
    naming: 0,
    sql: (roll) =>
      `create text search dictionary dict1 (template = ${roll('simple', 'simple, accept = false', 'snowball, language = english', 'snowball, language = german, stopwords = german')})`,
  },
  {
    kind: 'text search configuration',
    weight: 1,
    naming: 0,
    sql: (roll) => [
      `create text search configuration conf1 (${roll('copy = simple', 'copy = english', 'parser = default')})`,
      `alter text search configuration conf1 ${roll('alter mapping for asciiword with dict1', 'drop mapping for email', 'add mapping for word with dict1, simple')}`,
    ],
  },
  {
    kind: 'sequence',
    weight: 2,
    naming: 0,
    sql: (roll) =>
      `create ${roll('', '', 'unlogged ')}sequence num1${roll('', ' as integer', ' increment by 2', ' cache 5 cycle maxvalue 100', ' increment by -1')}`,
  },
  {
    kind: 'table',
    weight: 6,
    naming: 1,
    sql: (roll) => {
      const name = roll('t1', 't2', 's1.t3', 't4');
      const id = roll(
        'id integer',
        'id bigint',
        'id integer not null',
        'id serial',
        'id bigint generated always as identity',
        'id integer generated by default as identity (increment by 3)',
        'id bigserial',
        'id smallint',
      );
      const more = roll(
        ', c1 text',
        ', c1 integer',
        ', c1 mood1',
        ', c1 dom1',
        ', c1 varchar(10)',
        ', c1 text, c2 integer',
        ', c1 mood1, c2 integer not null',
        '',
      );
      const shape = roll('', '', '', ' partition by list (id)', ' inherits (t1)', ' with (fillfactor = 70)');
      return `create ${shape.includes('partition') ? '' : roll('', '', '', 'unlogged ')}table ${name} (${id}${more})${shape}`;
    },
  },
  {
    kind: 'partitioned table',
    weight: 6,
    naming: 1,
    sql: (roll) => {
      const name = roll('t4', 't4', 't1', 's1.t3');
      const [by, ...bounds] = roll(
        ['list (id)', 'in (1, 2)', 'in (3, null)', 'in (4)'],
        ['range (id)', 'from (1) to (10)', 'from (10) to (maxvalue)', 'from (-5) to (0)'],
        [
          'hash (id)',
          'with (modulus 2, remainder 0)',
          'with (modulus 4, remainder 1)',
          'with (modulus 4, remainder 3)',
        ],
        ['list (c1)', "in ('a')", "in ('b')", 'in (null)'],
      );
      const columns = roll(
        'c1 text',
        'c1 text not null',
        'c1 mood1',
        'c1 text, c2 integer',
        "c1 text default 'a'",
      );
      const first = roll(` for values ${bounds[0]}`, ` for values ${bounds[1]}`, ' default');
      const below = roll('', ' partition by list (id)', ' with (fillfactor = 40)');
      return [
        `create table ${name} (id integer${roll('', ' not null', ' generated always as identity')}, ${columns}) partition by ${by}`,
        roll(
          `create table part1 partition of ${name}${first}${below}`,
          `create table part1 partition of ${name} (c1 default 'b', constraint mine check (id > 0))${first}`,
        ),
        `create table part2 partition of ${name} for values ${bounds[2]}`,
        'create table s1.part3 partition of part1 for values in (1)',
      ];
    },
  },
  {
    kind: 'column',
    weight: 16,
    naming: 2,
    sql: (roll) => {
      const [name, column] = [roll('t1', 't2', 't1', 's1.t3', 'part1'), roll('c2', 'c3', 'c4')];
      const [type, value] = roll(
        ['integer', '7'],
        ['text', "'it''s'"],
        ['bigint', '-7'],
        ['varchar(10)', "'v'"],
        ['numeric(8,2)', '1.5'],
        ['boolean', 'true'],
        ['timestamptz', 'now()'],
        ['jsonb', `'{"a": [1]}'`],
        ['text[]', "'{}'"],
        ['mood1', "'a'"],
        ['mood1[]', "'{a}'"],
        ['s1.mood2', "'a'"],
        ['dom1', "'3'"],
        ['dom1[]', "'{}'"],
        ['s1.dom2', "'3'"],
        ['pair1', 'null'],
        ['pair1[]', "'{}'"],
        ['s1.pair2', 'null'],
        ['span1', "'empty'"],
        ['tsvector', "''"],
        ['text collate coll1', "'x'"],
        ['integer', 'f1(3)'],
        ['integer', "nextval('num1')"],
        ['bigint', 'f1(id)::bigint', 'generated'],
        ['text', 'f2(c1)::text', 'generated'],
        ['integer', 'id * 2', 'generated'],
        ['tsvector', "to_tsvector('conf1', c1)", 'generated'],
        ['t2', 'null'],
      );
      const generated = /id|c1/.test(value!);
      const rest = generated
        ? ` generated always as (${value}) ${roll('stored', 'stored', 'virtual')}`
        : roll('', ` default ${value}`, ' not null', ` default ${value} not null`);
      return `alter table ${name} add column ${column} ${type}${rest}`;
    },
  },
  {
    kind: 'partition',
    weight: 5,
    naming: 2,
    sql: (roll) => {
      const name = roll('part1', 'part2');
      const above = roll('t1', 't2', 's1.t3', 't4', 'part1');
      const bound = roll(
        'for values in (1, 2)',
        'default',
        'for values from (1) to (10)',
        'for values with (modulus 2, remainder 0)',
        'for values in (3, null)',
        'for values from (10) to (maxvalue)',
        'for values with (modulus 2, remainder 1)',
      );
      return `create table ${name} partition of ${above} ${roll('', '(c1 default null) ', '(constraint mine check (id > 0)) ')}${bound}${roll('', '', ' partition by list (id)', ' with (fillfactor = 50)')}`;
    },
  },
  {
    kind: 'inheritance',
    weight: 1,
    naming: 2,
    sql: (roll) => `alter table ${roll('t2', 's1.t3', 't4')} inherit ${roll('t1', 't2')}`,
  },
  {
    kind: 'function of rows',
    weight: 2,
    naming: 0,
    sql: (roll) =>
      `create function f4(${roll('t1', 't2', 't4')}) returns ${roll('integer', 'text', 'setof t1')} ${roll('stable', 'immutable')} language sql ${roll('as $$select null$$', 'return ($1).id', 'begin atomic select id from t1; end')}`,
  },
  {
    kind: 'default',
    weight: 3,
    naming: 2,
    sql: (roll) =>
      `alter table ${roll('t1', 't2', 's1.t3', 'part1')} alter column ${roll('c1', 'c2', 'c3', 'id')} set default ${roll('null', "'1'", 'f1(2)', "nextval('num1')")}`,
  },
  {
    kind: 'column option',
    weight: 2,
    naming: 2,
    sql: (roll) =>
      `alter table ${roll('t1', 't2', 's1.t3')} alter column ${roll('c1', 'c2', 'c3')} set ${roll('statistics 200', 'storage external', '(n_distinct = 5)', 'not null', 'compression pglz')}`,
  },
  {
    kind: 'constraint',
    weight: 9,
    naming: 2,
    sql: (roll) =>
      `alter table ${roll('t1', 't2', 's1.t3', 't4', 'part1')} add constraint ${roll('k1', 'k2', 'k3')} ${roll(
        'primary key (id)',
        'unique (id)',
        'check (id > 0)',
        'foreign key (id) references t1 (id)',
        'check (f1(id) > 0) not valid',
        'unique (id, c1)',
        'foreign key (id) references t1 (id) on delete cascade deferrable initially deferred',
        'primary key (id, c2)',
        'check (c1 is not null)',
        'unique (c2) include (id)',
        'foreign key (c2) references t2 (id) not valid',
        'exclude using btree (id with =)',
        'check (f2(c1) is not null) no inherit',
        'foreign key (id, c1) references t2 (id, c1) on update set null',
        'not null c2',
        'check (id in (1, 2, 3) or c1 is null) not enforced',
      )}`,
  },
  {
    kind: 'index',
    weight: 8,
    naming: 2,
    sql: (roll) =>
      `create ${roll('', '', 'unique ')}index i${roll('1', '2', '3')} on ${roll('t1', 't2', 's1.t3', 't4', 'part1', 'only t1')}${roll('', ' using hash')} (${roll('id', 'c1', 'f1(id)', 'id desc nulls last, c2', 'c2', '(id * 2)', 'f2(c1)', 'c1 collate "C"', 'lower(c1)')})${roll('', '', ' where id > 0', ' include (c2)', ' with (fillfactor = 60)', ' where c1 is not null', ' where f1(id) > 1')}`,
  },
  {
    kind: 'statistics',
    weight: 2,
    naming: 0,
    sql: (roll) =>
      `create statistics stat1${roll('', ' (ndistinct)', ' (mcv, dependencies)')} on ${roll('id, c1', 'c1, c2', '(id + 1), c1', 'f1(id)')} from ${roll('t1', 't2')}`,
  },
  {
    kind: 'foreign wrapper',
    weight: 2,
    naming: 0,
    sql: (roll) => [
      `create foreign data wrapper wrap1`,
      `create server serv1${roll('', " type 'x'", " version '2'")} foreign data wrapper wrap1${roll('', " options (host 'h')")}`,
    ],
  },
  {
    kind: 'foreign table',
    weight: 1,
    naming: 1,
    sql: (roll) =>
      `create foreign table ${roll('ft1', 't4')} (id integer${roll('', " options (name 'x')", ' not null')}${roll('', ', c1 mood1', ', c1 dom1', ', c1 text')}) ${roll('', '', 'inherits (t1) ')}server serv1${roll('', " options (file 'x')")}`,
  },
  {
    kind: 'view',
    weight: 7,
    naming: 1,
    sql: (roll) => {
      const name = roll('v1', 'v2', 's1.v3', 't4');
      const body = roll(
        `select id from ${roll('t1', 't2', 's1.t3', 'part1')}`,
        `select * from ${roll('t1', 't2', 's1.t3', 'v1')}`,
        `select id, f1(id::integer) as n from ${roll('t1', 'v1', 'v2')}`,
        'select id, c1 from t1',
        'select v1.id, t2.c1 from v1 join t2 using (id)',
        'select id, count(*) as n from t1 group by id',
        'select c1, f2(c1) as n, 1 as id from t2',
        'select t1 as id from t1',
        "select 'a'::mood1 as id",
        'select agg1(id::integer) as id from t2',
        'select id from t1 where id === 1',
        "select id, to_tsvector('conf1', c1) as c1 from t1",
      );
      return `create view ${name}${roll('', '', ' with (security_barrier)', ' with (security_invoker = true)')} as ${body}`;
    },
  },
  {
    kind: 'materialized view',
    weight: 3,
    naming: 1,
    sql: (roll) => [
      `create materialized view ${roll('mv1', 'mv2')} as ${roll('select id from t1', 'select * from v1', 'select id, f1(id::integer) as n from t2', 'select id from mv1', 'select distinct c1 as id from t1')}${roll('', ' with no data')}`,
      roll('', '', 'create unique index mi1 on mv1 (id)', 'create index mi2 on mv2 (id)'),
    ],
  },
  {
    kind: 'view of views',
    weight: 2,
    naming: 1,
    sql: (roll) =>
      `create view ${roll('v4', 'v5')} as select ${roll('id', '*', 'count(*) as id')} from ${roll('v1', 'v2', 's1.v3', 'mv1', 'v4')}`,
  },
  {
    kind: 'view default',
    weight: 1,
    naming: 0,
    sql: (roll) => `alter view ${roll('v1', 'v2', 't4')} alter column id set default ${roll('1', 'f1(1)')}`,
  },
  {
    kind: 'rule',
    weight: 2,
    naming: 1,
    sql: (roll) =>
      `create rule r1 as on ${roll('insert', 'update', 'delete')} to ${roll('t1', 'v1', 't2')} ${roll('do also notify x', 'do instead nothing', 'do instead insert into t2 (id) values (1)', 'where f1(1) = 2 do instead nothing')}`,
  },
  {
    kind: 'trigger',
    weight: 5,
    naming: 2,
    sql: (roll) => {
      const on = roll('t1', 't2', 's1.t3', 'v1', 'part1', 't4');
      const name = roll('trig1', 'trig2');
      const event = roll(
        'before insert',
        'after update of c1',
        'instead of insert',
        'after insert or delete',
        'before update of id',
      );
      const when = roll(
        '',
        ' when (new.id is not null)',
        ' when (f1(new.id::integer) > 1)',
        ' when (new.c1 is not null)',
      );
      return [
        roll(false, false, false, true)
          ? `create constraint trigger ${name} after insert on ${on} deferrable for each row${when} execute function tf1()`
          : `create trigger ${name} ${event} on ${on} for each ${roll('row', 'statement')}${when} execute function tf1(${roll('', "'x'")})`,
        roll(
          '',
          '',
          `alter table ${on} disable trigger ${name}`,
          `alter table ${on} enable always trigger ${name}`,
        ),
      ];
    },
  },
  {
    kind: 'row security',
    weight: 2,
    naming: 1,
    sql: (roll) => `alter table ${roll('t1', 't2', 's1.t3')} ${roll('enable', 'force')} row level security`,
  },
  {
    kind: 'policy',
    weight: 5,
    naming: 2,
    sql: (roll) =>
      `create policy ${roll('pol1', 'pol2')} on ${roll('t1', 't2', 's1.t3', 'part1')}${roll('', ' as restrictive')}${roll('', ' for select', ' for update')}${roll('', ' to tm_reader', ' to tm_writer, "tm Odd""Role"')} using (${roll('true', 'f1(id::integer) > 0', 'c1 is null', 'exists (select from t2 where t2.id = 1)', 'f2(c1) is null', 'id in (select id from v1)')})`,
  },
  {
    kind: 'publication',
    weight: 2,
    naming: 0,
    sql: (roll) =>
      `create publication pub1${roll('', ' for table t1', ' for table t1 (id), t2', ' for table t2 where (id > 3)', ' for tables in schema s1', ' for all tables')}${roll('', " with (publish = 'insert')", ' with (publish_via_partition_root = true)')}`,
  },
  {
    kind: 'replica identity',
    weight: 1,
    naming: 1,
    sql: (roll) =>
      `alter table ${roll('t1', 't2', 's1.t3')} replica identity ${roll('full', 'nothing', 'using index k1', 'using index i1')}`,
  },
  {
    kind: 'cluster mark',
    weight: 1,
    naming: 1,
    sql: (roll) => `alter table ${roll('t1', 't2')} cluster on ${roll('k1', 'i1', 'i2')}`,
  },
  {
    kind: 'sequence owner',
    weight: 1,
    naming: 0,
    sql: (roll) => `alter sequence num1 owned by ${roll('t1.c2', 't2.id', 't1.c3')}`,
  },
  {
    kind: 'comment',
    weight: 7,
    naming: 1,
    sql: (roll) =>
      `comment on ${roll(
        'table t1',
        'column t1.c1',
        'type mood1',
        'view v1',
        'function tf1()',
        'index i1',
        'constraint k1 on t1',
        'column v1.id',
        'trigger trig1 on t1',
        'policy pol1 on t1',
        'domain dom1',
        'materialized view mv1',
        'column t2.c2',
        'rule r1 on t1',
        'statistics stat1',
        'constraint k2 on t2',
        'schema s1',
        'column pair1.x',
        'publication pub1',
        'sequence num1',
        'table part1',
        'constraint fits on domain dom1',
        'aggregate agg1(integer)',
        'collation coll1',
        'server serv1',
      )} is ${roll("'one'", "'it''s two'")}`,
  },
  {
    kind: 'owner',
    weight: 3,
    naming: 1,
    sql: (roll) =>
      `alter ${roll('table t1', 'view v1', 'type mood1', 'function f1', 'table part1', 'sequence num1', 'domain dom1', 'materialized view mv1', 'schema s1', 'type pair1')} owner to ${roll('tm_owner', '"tm Odd""Role"')}`,
  },
  {
    kind: 'privilege',
    weight: 6,
    naming: 1,
    sql: (roll) =>
      `${roll(
        'grant select on t1',
        'grant select (id) on t1',
        'grant select on v1',
        'grant usage on type mood1',
        'grant execute on function f1',
        'grant update (c1), insert on t2',
        'grant select on mv1',
        'grant usage on schema s1',
        'grant usage on sequence num1',
        'grant all on part1',
        'grant select (id) on v1',
        'grant usage on type dom1',
        'grant select on all tables in schema public',
      )} to ${roll('tm_reader', 'tm_writer', 'public', '"tm Odd""Role"')}${roll('', '', ' with grant option')}`,
  },
  {
    kind: 'event trigger',
    weight: 1,
    naming: 0,
    sql: (roll) => [
      'create function etf1() returns event_trigger language plpgsql as $$begin null; end$$',
      `create event trigger ev1 on ${roll('ddl_command_end', 'sql_drop')} execute function etf1()`,
      roll('', 'alter event trigger ev1 disable'),
    ],
  },
];
