create table t (a int, b int);
create view v with (security_invoker = on) as select b, a from t;
