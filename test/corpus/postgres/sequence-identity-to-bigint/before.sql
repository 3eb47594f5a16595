create table t (id int generated always as identity, v text);
create view last as select max(id) from t;
