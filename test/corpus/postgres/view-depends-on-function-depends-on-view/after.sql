create table t (id int);
create view v1 as select id from t;
create function f1() returns bigint begin atomic select count(*) from v1; end;
create view v2 as select f1() as n;
create function f2() returns bigint begin atomic select n from v2; end;
create materialized view m as select f2() as x;
