create extension citext;
create domain email as citext check (value ~ '@');
create function norm(citext) returns citext language sql immutable as 'select $1';
create table t (a text, b email default 'a@b' unique);
create view v as select norm(b) from t;
