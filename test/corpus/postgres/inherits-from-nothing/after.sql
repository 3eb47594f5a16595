create schema app;
create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
create table unrelated (id int);
create table base (
  id serial primary key, name text not null default 'n', note varchar(20) collate "C", big text, n int,
  g int generated always as (n * 2) stored,
  constraint named check (name <> ''), constraint only_here check (n > 0) no inherit
);
alter table base alter big set storage external;
create table second (extra int default 7, n int, constraint small check (n < 100));
create table child (own int not null, constraint own_positive check (own > 0)) inherits (base);
create table grandchild (name text default 'g', deep date) inherits (child);
create table app."Both; of" (n int default 5, "Col.1" text) inherits (base, second) with (fillfactor = 70);
create table bare () inherits (second, base);
create table changed () inherits (base);
alter table changed alter name set default 'other', alter note set default 'x', alter n set not null, alter id drop default;
alter table changed alter big set storage main, alter note set statistics 50;
create table apart (other int generated always as identity, id int not null default 3, name text) inherits (base);
create unlogged table quick (primary key (id)) inherits (child);
create index on child (name);
create index on base (name);
create trigger t before insert on child for each row execute function touch();
create view everything as select id, name from base union all select id, name from only child;
comment on table child is 'a child';
comment on column child.name is 'inherited';
comment on constraint named on child is 'too';
