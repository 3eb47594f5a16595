create schema app;
create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
create table p (id int primary key, a text default 'p', b int not null);
create table app.c (more text, primary key (id), constraint own check (more <> '')) inherits (p);
alter table app.c alter a set default 'c', alter a set not null, alter b set default 3, alter a set statistics 100, alter a set storage plain;
create trigger t2 after insert on app.c for each row execute function touch();
alter table app.c disable trigger t2;
create unique index ci on app.c (more) where id > 3;
comment on column app.c.a is 'x';
