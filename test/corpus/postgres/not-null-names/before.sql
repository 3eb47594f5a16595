create schema app;
create table t (
  a int constraint must not null,
  b int constraint "B; must" not null,
  c int not null,
  d int,
  e int constraint goes not null,
  f serial constraint on_serial not null,
  g int generated always as identity constraint on_identity not null,
  h int constraint h_must not null,
  k int constraint on_key not null primary key);
create table app."T t" ("C c" int constraint "It's" not null);
create table renamed_later (a int not null);
alter table renamed_later rename to renamed;
comment on column t.a is 'x';
