-- loses: drop-attribute c.z
create type c as (x bigint, y text collate "C", w int);
create table t (c c);
create function f(c) returns int language sql as 'select 1';
create view v as select (c).x from t;
comment on column c.x is 'ex';
comment on type c is 'type';
