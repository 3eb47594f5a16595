create table t (id int, name text, extra date);
create function whole(t) returns text language sql immutable as 'select $1.name || $1.extra';
create function many() returns setof t language sql as 'select * from t';
create view v as select (whole(t.*)), id from t;
create view w as select * from many();
create function of_view(v) returns int language sql as 'select 1';
create table refs (one t, all_of t[]);
