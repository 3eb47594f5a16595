create table t (id int constraint t_pk primary key, name text);
create view v as select id, name, count(*) from t group by id;
