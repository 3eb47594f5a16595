create schema b;
create table b.t (id serial primary key, v text);
create view b.v as select * from b.t;
comment on schema b is 'second';
create schema c;
create schema "d.e";
create table "d.e"."t.x" (id int);
comment on schema c is 'third';
