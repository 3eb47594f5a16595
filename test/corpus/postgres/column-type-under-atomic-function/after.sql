create table t (id int, n numeric);
create function total() returns bigint begin atomic select sum(n) from t; end;
create function twice() returns bigint begin atomic select total() * 2; end;
create view v as select twice() as t;
