-- loses: drop-table t4
create table t4 (id bigserial, c1 varchar(10)) partition by range (id);
create table kept (id serial, v int);
