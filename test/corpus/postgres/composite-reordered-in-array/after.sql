create type c as (y text, x int);
create table t (a c, b c[]);
