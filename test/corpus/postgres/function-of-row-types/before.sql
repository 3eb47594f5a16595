create table t (id int, name text);
create function whole(t) returns text language sql immutable as 'select $1.name';
create function many() returns setof t language sql as 'select * from t';
create view v as select (whole(t.*)) from t;
