-- loses: drop-column t.c
create table t (a int, b int, c int generated always as (a + 1) stored);
create view v as select b, c from t;
create index t_b on t (b);
