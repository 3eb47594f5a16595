create type e as enum ('a', 'b');
create table t (v e default 'b' check (v <> 'b'), w e generated always as (case when v = 'a' then 'b'::e else 'a'::e end) stored);
create function f() returns e language sql as $$ select 'b'::e $$;
