create table t (id int, name text);
create function add_up(int, int) returns int language sql immutable as 'select $1 + $2';
create aggregate total(int) (sfunc = add_up, stype = int, initcond = '1');
grant execute on function total(int) to tm_writer with grant option;
grant select on t to tm_reader;
grant insert on t to tm_writer;
grant update (name, id) on t to tm_writer;
