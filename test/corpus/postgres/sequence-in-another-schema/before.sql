create schema ids;
create table t (id bigint);
