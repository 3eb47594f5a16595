create type new_name as enum ('a', 'b', 'c');
create table t (v new_name default 'c');
