create table t (a text, b int, constraint y check (b > 0), constraint x check (a <> ''));
create index j on t (b);
create index i on t (a);
create view w as select b as a from t;
create view v as select a as b from t;
