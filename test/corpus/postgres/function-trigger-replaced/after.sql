create table t (a int, b int); create function new_fn() returns trigger language plpgsql as $$ begin new.a := 1; return new; end $$;
create trigger tr before insert or update of b on t for each row when (new.a is null) execute function new_fn('arg''1', '2');
create constraint trigger ct after insert on t deferrable initially deferred for each row execute function new_fn();
create trigger off before delete on t for each row execute function new_fn();
alter table t disable trigger off;
create trigger always before delete on t for each row execute function new_fn();
alter table t enable always trigger always;
comment on trigger tr on t is 'sets a';
