create table t (a int, b text, c int);
create index i1 on t (a);
create index i2 on t (a) with (fillfactor = 70);
create unique index i3 on t (a);
create index i4 on t (b);
comment on index i1 is 'one';
