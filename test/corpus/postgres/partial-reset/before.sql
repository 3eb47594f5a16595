create table a (id int primary key);
create table b (a_id int references a);
create view v as select * from b;
create function f() returns setof b language sql as 'select * from b';
create type e as enum ('x');
create table c (e e default 'x');
