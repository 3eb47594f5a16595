create function calc(int) returns int language sql as 'select $1';
create aggregate was_function(a int) (sfunc = int4pl, stype = int);
create aggregate renamed_thing(x int) (sfunc = int4pl, stype = int, initcond = '0');
create aggregate ret(int) (sfunc = int4pl, stype = int, finalfunc = int8);
create table t (a int);
create view v as select ret(a) from t;
create view v2 as select renamed_thing(a) from t;
