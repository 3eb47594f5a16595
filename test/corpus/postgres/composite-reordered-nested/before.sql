create type c as (x int, y text);
create type o as (c c, n int);
create table t (o o, os o[]);
