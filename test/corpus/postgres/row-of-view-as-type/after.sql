create table t (id int, n int);
create view v as select id, n from t;
create function f(v) returns int language sql as 'select 2';
create table uses_view_type (x v);
