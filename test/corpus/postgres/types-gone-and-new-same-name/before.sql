create type thing as enum ('a');
create table t (v thing);
