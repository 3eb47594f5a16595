create type e as enum ('a', 'b');
create table t (v e not null default 'a', w e[]);
create index i on t (v);
create function f(e) returns text language sql immutable as $$ select $1::text $$;
