create table t (a text collate "C", b text, c text, d jsonb);
alter table t alter c set storage external, alter d set storage main, alter c set statistics 500, alter a set (n_distinct = -0.5);
create index t_a on t (a);
create view v as select a, b from t;
