-- loses: drop-table t
create foreign data wrapper w;
create server s foreign data wrapper w;
create foreign table t (id int not null, a text) server s;
create table u (id int primary key, a text);
create foreign table part_of (id int, k int) server s;
create table p (id int, k int) partition by list (k);
create foreign table p1 partition of p for values in (1) server s options (x 'y');
create view v as select * from t;
