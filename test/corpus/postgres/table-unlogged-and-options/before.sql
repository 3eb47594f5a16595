create table a (v text);
create unlogged table b (id int primary key, v text);
create table c (v text) with (fillfactor = 50, autovacuum_enabled = false, toast.autovacuum_enabled = false);
