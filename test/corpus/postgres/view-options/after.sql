create table t (a int check (a > 0));
create view v with (security_barrier = true) as select a from t where a > 1 with local check option;
create view b as select a from t where a > 0 with cascaded check option;
