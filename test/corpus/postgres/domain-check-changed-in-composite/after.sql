create domain d as int constraint pos check (value > -1) constraint small check (value < 1000);
create type c as (x d, y text);
create table t (c c, cs c[]);
