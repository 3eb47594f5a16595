create table t (b int); create function f() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger tr before update of b on t for each row execute function f();
create trigger s before insert on t for each row execute function f();
alter table t enable replica trigger s;
