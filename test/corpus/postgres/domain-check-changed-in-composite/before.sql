create domain d as int constraint pos check (value > 0);
create type c as (x d, y text);
create table t (c c, cs c[]);
