create type c as (x int, y text);
create table t (a c, b c[]);
