create table a (id int, n int, t text);
create table b (id int, n int, t text);
create table p (id int) partition by range (id);
create table p1 partition of p for values from (0) to (10);
create index moving on b (n, t) where n > 0;
create unique index "Moving too" on b (id);
create index part on b (id);
create statistics moving_statistics on n, t from b;
comment on index moving is 'of one of the two';
