-- since: 140000
create table t1 (id bigint, c1 text);
create view v1 with (security_barrier) as select id, count(*) as n from t1 group by id;
create policy pol on t1 using (id in (select id from v1));
create table t2 (id int, c1 int);
create view v2 as select id from t2;
create rule r as on insert to t2 do also delete from v2;
create table t3 (id int, c1 int);
create function f3(t3) returns int immutable language sql begin atomic select ($1).id; end;
create function tf() returns trigger language plpgsql as $$begin return new; end$$;
create trigger trig before insert on t3 for each row when (f3(new) > 1) execute function tf();
create index on t3 (f3(t3));
create view v4 as select id from t2;
create function f4(v4) returns int language sql begin atomic select 1; end;
alter view v4 alter column id set default f4(null);
