create table t (a int, n date, b text);
create view v as select * from t;
create view w as select v.* from v;
