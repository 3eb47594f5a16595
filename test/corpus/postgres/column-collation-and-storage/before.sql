create table t (a text, b text collate "C", c text, d jsonb);
create index t_a on t (a);
create view v as select a, b from t;
