create function f() returns int language sql as E'select\r\n1';
create table t (a text);
