create table t (a int);
create table x (a int);
create index y on t (a);
create sequence z;
