-- loses: drop-table u
create foreign data wrapper w;
create server s foreign data wrapper w;
create table t (id int primary key, a text);
create foreign table u (id int, a text) server s options (a 'b');
create table p (id int, k int) partition by list (k);
create foreign table p1 partition of p for values in (2) server s options (x 'z');
create foreign table part_of partition of p for values in (1) server s;
create view v as select * from t;
