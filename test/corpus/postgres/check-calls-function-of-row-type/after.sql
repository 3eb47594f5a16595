create table t (id int, a int, b int);
create function fine(t) returns boolean language sql immutable as 'select $1.a < $1.b';
alter table t add constraint fine check (fine(t.*));
