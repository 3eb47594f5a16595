create table t (a int, b int);
create materialized view m with (fillfactor = 70) as select a, b from t with no data;
create index mi on m (b) include (a);
