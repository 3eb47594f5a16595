create foreign data wrapper w;
create server s foreign data wrapper w;
create server s2 foreign data wrapper w;
create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
create foreign table changed (
  id int options (key 'true') not null, a text options (column_name 'x', other 'o') collate "C" default 'd', gone int,
  g int generated always as (id * 2) stored, constraint pos check (id > 0)
) server s options (table_name 'remote', schema_name 'public');
create foreign table gone (a int options (n '1')) server s;
create foreign table moves (a int, b text options (x 'y')) server s options (o '1');
create trigger t before insert on changed for each row execute function touch();
create view v as select id, a from changed;
create view mv as select a from moves;
comment on foreign table changed is 'a foreign table';
comment on column changed.a is 'a foreign column';
create table local_parent (id int, x text);
create foreign table child (own int) inherits (local_parent) server s;
create foreign table attaches (id int, x text, own int) server s;
