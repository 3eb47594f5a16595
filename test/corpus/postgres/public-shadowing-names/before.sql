create table "user" (id int);
create table "order" (id int, "group" text);
create view "all" as select * from "user";
create type "text" as enum ('a');
create function "now"() returns int language sql as 'select 1';
