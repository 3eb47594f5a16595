create function f(a int) returns bigint language sql as 'select $1::bigint';
create function g(x int, b int) returns int language sql as 'select x + b';
create function o(text) returns text language sql as $$ select 'other text' $$; create function o(int, out a int, out b text) returns record language sql as $$ select 1, 'x' $$;
create procedure p(inout x int) language plpgsql as $$ begin x := 1; commit; end $$;
