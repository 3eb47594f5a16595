-- roles: tm_reader, tm_writer
create table t (id int, name text);
create function add_up(int, int) returns int language sql immutable as 'select $1 + $2';
create aggregate total(int) (sfunc = add_up, stype = int, initcond = '0');
revoke execute on function total(int) from public;
grant execute on function total(int) to tm_reader;
grant select on t to tm_reader with grant option;
set role tm_reader;
grant select on t to tm_writer;
reset role;
grant update (name) on t to tm_writer;
