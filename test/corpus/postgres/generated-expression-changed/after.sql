create function f(int) returns int language sql immutable as 'select $1 + 1';
create table t (a int, b int generated always as (f(a) * 2) stored, c text generated always as (lower('x' || a::text)) stored not null);
create index t_b on t (b);
create view v as select b from t;
comment on column t.b is 'kept';
