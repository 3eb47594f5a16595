create table t (a int, b text, constraint x check (a > 0), constraint y check (b <> ''));
create index i on t (a);
create index j on t (b);
create view v as select a from t;
create view w as select b from t;
