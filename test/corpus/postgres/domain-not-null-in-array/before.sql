create domain d as int;
create table t (b d[]);
