create table t (id int, n int);
create function nothing() returns event_trigger language plpgsql as $$ begin end $$;
create function forbids() returns event_trigger language plpgsql as $$ begin raise exception 'nothing may be dropped'; end $$;
create event trigger "T r;" on sql_drop when tag in ('DROP TABLE') execute function nothing();
create event trigger off on ddl_command_start execute function nothing();
alter event trigger off enable always;
create event trigger watch on ddl_command_end when tag in ('CREATE TABLE') execute function nothing();
alter event trigger watch enable replica;
create event trigger no_drop on sql_drop execute function forbids();
