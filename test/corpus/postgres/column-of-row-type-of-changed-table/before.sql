create table t2 (id int primary key, c1 int, c3 varchar(10));
create table a_kept (id int);
