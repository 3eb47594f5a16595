create domain d as int not null default 5;
create table t (b d[]);
