create table t (id bigint constraint t_key primary key, name text);
create view v as select id, name, count(*) from t group by id;
