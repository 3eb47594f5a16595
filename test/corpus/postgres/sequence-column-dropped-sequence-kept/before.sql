create table t (id serial, v int);
