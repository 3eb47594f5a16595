create unlogged table a (v text);
create table b (id int primary key, v text) with (fillfactor = 90);
create table c (v text) with (autovacuum_vacuum_scale_factor = 0.01, toast.autovacuum_vacuum_threshold = 5);
