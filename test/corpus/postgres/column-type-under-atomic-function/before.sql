-- loses: change-type t.n
-- since: 140000
create table t (id int, n int);
create function total() returns bigint begin atomic select sum(n) from t; end;
create function twice() returns bigint begin atomic select total() * 2; end;
create view v as select twice() as t;
