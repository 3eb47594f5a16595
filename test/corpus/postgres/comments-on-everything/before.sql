create schema s; create table s.t (id int constraint pk primary key, a text, b int constraint ck check (b > 0)); create index s_i on s.t (a); create view s.v as select id from s.t; create type s.e as enum ('x'); create domain s.d as int constraint dc check (value > 0); create type s.c as (x int); create function s.f(int) returns int language sql as 'select 1'; create procedure s.p() language sql as 'select 1'; create sequence s.q; create function s.tg() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger tr before insert on s.t for each row execute function s.tg();
create materialized view s.m as select 1 as one;
create type s.r as range (subtype = int4);
comment on table s.t is 'table';
comment on column s.t.a is 'gone later';
