create table t (v int, id bigserial primary key, n smallserial);
