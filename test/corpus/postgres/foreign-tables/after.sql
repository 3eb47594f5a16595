create schema app;
create foreign data wrapper w;
create server s foreign data wrapper w;
create server s2 foreign data wrapper w;
create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
create foreign table changed (
  id bigint options (key 'false', "Mixed" ''), a varchar(20) options (other 'o') not null, fresh date options (column_name 'it''s') default '2020-01-01',
  constraint pos check (id > 1), constraint more check (a <> '') not valid
) server s options (table_name 'other', "we;ird" 'x');
create foreign table moves (a int, b text options (x 'y')) server s2 options (o '1');
create foreign table app."New; One" ("Col.1" int options (a 'b') not null, b text, constraint c check ("Col.1" > 0)) server s2;
create trigger t after insert or update on changed for each row execute function touch();
alter table changed disable trigger t;
create view v as select id, a from changed;
create view mv as select a from moves;
comment on foreign table moves is 'moved';
comment on column changed.fresh is 'new';
create table local_parent (id bigint, x text, y int);
create foreign table child (own int) inherits (local_parent) server s;
create foreign table attaches (id bigint, x text, own int, y int) inherits (local_parent) server s;
