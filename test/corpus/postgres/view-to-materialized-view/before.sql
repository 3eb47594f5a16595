create table t (a int);
create view v as select a from t;
create view w as select a from v;
create materialized view m as select a from w;
create index mi on m (a);
