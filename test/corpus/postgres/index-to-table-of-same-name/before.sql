create table t (a int);
create index x on t (a);
create sequence y;
create view z as select 1 as one;
