create schema "we;ird""s";
create type "we;ird""s"."En Um" as enum ('it''s', 'b"c', E'd\\e', 'f;g', 'new');
create table "we;ird""s"."select" (
  "from" bigint primary key,
  "Ünï cödé" varchar(100) default 'x',
  "a.b" int constraint "/* c */" check ("a.b" > 0),
  "'quoted'" int references "we;ird""s"."select",
  "user" int,
  e "we;ird""s"."En Um" default 'it''s'
);
create index "-- index" on "we;ird""s"."select" ("Ünï cödé" desc, "a.b");
create type "we;ird""s"."Fn" as enum ('a');
create view "we;ird""s"."view" as select "from", "Ünï cödé" from "we;ird""s"."select";
create function "we;ird""s"."f("(int) returns int language sql as 'select 1';
comment on column "we;ird""s"."select"."a.b" is '; drop';
create table "public.t" (id int, "ID" int);
create table "table" ("column" text, "CONSTRAINT" int constraint "check" check ("CONSTRAINT" > 1));
