create type old_name as enum ('a', 'b');
create table t (v old_name default 'a');
