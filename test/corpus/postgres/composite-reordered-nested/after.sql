create type c as (y text, x bigint);
create type o as (c c, n int);
create table t (o o, os o[]);
