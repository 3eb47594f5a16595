create function rows(n int) returns table (a int, b text) language sql as $$ select 1, 'x' $$;
create function var(variadic xs int[]) returns int language sql as 'select 1';
