create function f(a int) returns int language sql as 'select $1';
create function g(a int, b int default 2) returns int language sql as 'select a + b';
create function o(int) returns text language sql as $$ select 'int' $$; create function o(text) returns text language sql as $$ select 'text' $$;
comment on function o(int) is 'of int';
