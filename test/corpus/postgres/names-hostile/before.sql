create schema "we;ird""s";
create table "we;ird""s"."select" ("from" int primary key, "Ünï cödé" text, "a.b" int, "'quoted'" int, "$1" int);
create index "-- index" on "we;ird""s"."select" ("Ünï cödé", "a.b");
create type "we;ird""s"."En Um" as enum ('it''s', 'b"c', E'd\\e', 'f;g');
create table "public.t" (id int);
create table "table" ("column" int, "CONSTRAINT" int constraint "check" check ("CONSTRAINT" > 0));
