create table t (a int check (a > 0));
create view v as select a from t where a > 1;
create view b as select a from t;
