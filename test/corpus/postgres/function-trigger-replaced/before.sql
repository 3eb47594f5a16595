create table t (a int, b int); create function old_fn() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger tr before insert on t for each row execute function old_fn();
create trigger after_stmt after update on t referencing old table as o new table as n for each statement execute function old_fn();
