create table "user" (id int, "default" int default 1);
create table "order" (id int, "group" int);
create view "all" as select * from "user";
create type "text" as enum ('a', 'b');
create function "now"() returns int language sql as 'select 2';
create table uses (a public.text);
comment on type public.text is 'ours';
comment on function public.now() is 'not of the server';
