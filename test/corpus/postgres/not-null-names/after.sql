create schema app;
create table t (
  a int constraint must_be not null,
  b int not null,
  c int constraint now_named not null,
  d int constraint new_one not null,
  e int,
  f serial constraint serial_named not null,
  g int generated always as identity not null,
  h bigint constraint h_must not null,
  k int not null primary key,
  l int constraint added not null default 1);
create table app."T t" ("C c" int constraint "Its" not null);
create table renamed (a int not null);
create table fresh (id serial constraint idn not null primary key, x text constraint xx not null);
comment on column t.a is 'x';
