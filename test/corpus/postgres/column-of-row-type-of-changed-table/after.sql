create table t2 (id int primary key, c1 bigint, c3 text);
create table a_kept (id int, whole t2);
create table a_new (c2 t2, c4 t2[]);
