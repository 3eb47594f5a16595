create function n() returns bigint language sql immutable as 'select 1::bigint';
create function f(y int) returns int language sql immutable as 'select y';
create table t (a int default n() check (f(a) > 0), g int generated always as (f(a)) stored);
create index i on t (f(a)) where f(a) > 0;
create view v as select f(a) as f from t;
comment on index i is 'by f';
