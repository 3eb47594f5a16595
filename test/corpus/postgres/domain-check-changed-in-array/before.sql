create domain d as int constraint pos check (value > 0);
create table t (a d, b d[]);
