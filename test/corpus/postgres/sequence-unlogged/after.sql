create unlogged sequence s;
create table t (id serial, a int);
create unlogged table u (id serial);
