create aggregate calc(int) (sfunc = int4pl, stype = int);
create function was_function(a int) returns int language sql as 'select a';
create aggregate same_thing(x int) (sfunc = int4pl, stype = int, initcond = '0');
create aggregate ret(int) (sfunc = int4pl, stype = int);
create table t (a int);
create view v as select ret(a) from t;
create view v2 as select same_thing(a) from t;
