create table t (id int primary key, b int);
create index only_b on t (b);
create view v as select id, b from t;
