-- loses: drop-attribute c.w
create type c as (x int, y text, z date);
create table t (c c);
create function f(c) returns int language sql as 'select $1.x';
create view v as select (c).x from t;
comment on column c.x is 'ex';
comment on type c is 'type';
