-- since: 150000
create sequence s;
create unlogged table t (id serial, a int);
create table u (id serial);
