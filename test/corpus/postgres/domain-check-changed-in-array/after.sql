create domain d as int constraint pos check (value > -1);
create table t (a d, b d[]);
