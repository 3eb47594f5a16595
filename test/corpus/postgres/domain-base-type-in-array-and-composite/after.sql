create domain d as bigint check (value > 0);
create type c as (x d, y text);
create table t (a d, b d[], c c, cs c[]);
create view v as select a, (c).x from t;
