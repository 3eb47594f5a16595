create table t (a int, b int); create function f() returns trigger language plpgsql as $$ begin return null; end $$;
create view v as select a from t;
create trigger tr instead of insert on v for each row execute function f();
comment on trigger tr on v is 'redirects';
