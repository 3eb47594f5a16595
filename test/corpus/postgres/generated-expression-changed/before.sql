create function f(int) returns int language sql immutable as 'select $1';
create table t (a int, b int generated always as (f(a)) stored, c text generated always as (upper('x' || a::text)) stored);
create index t_b on t (b);
create view v as select b from t;
comment on column t.b is 'kept';
