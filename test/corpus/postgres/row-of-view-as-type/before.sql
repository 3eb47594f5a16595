-- loses: drop-column uses_view_type.x
create table t (id int);
create view v as select id from t;
create function f(v) returns int language sql as 'select 1';
create table uses_view_type (x v);
