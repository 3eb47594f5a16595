create schema a;
create table a.t (id serial primary key, v text);
create view a.v as select * from a.t;
comment on schema a is 'first';
create schema c;
create function c.f() returns int language sql as 'select 1';
