create table t (a int, b int); create function f() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger tr before update of a on t for each row when (old.a is distinct from new.a) execute function f();
create trigger s before insert on t for each row execute function f();
