-- loses: drop-column t.b
create table t (a int, b int generated always as (a * 2) stored, c int);
create view v as select b, c from t;
create index t_b on t (b);
