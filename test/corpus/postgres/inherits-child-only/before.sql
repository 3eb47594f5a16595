create schema app;
create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
create table p (id int primary key, a text default 'p', b int not null);
create table app.c (own int) inherits (p);
create trigger t before update on app.c for each row execute function touch();
create index ci on app.c (own);
