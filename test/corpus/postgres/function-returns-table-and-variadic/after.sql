create function rows(n int) returns table (a int, b text, c date) language sql stable rows 10 cost 5 as $$ select 1, 'x', current_date $$;
create function var(variadic xs text[]) returns int language sql strict parallel safe leakproof as 'select 2';
create function poly(anyelement, anyarray) returns anyelement language sql as 'select $1';
create function sp() returns void language plpgsql security definer set search_path = public, pg_temp set work_mem = '5MB' as $f$ begin perform '$$'; end $f$;
