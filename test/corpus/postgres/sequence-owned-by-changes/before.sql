create table t (id int default 0, other int);
create sequence s owned by t.id;
create sequence free;
create sequence stays owned by t.other;
