create type a as enum ('x', 'y');
create table t (v a default 'x', w a[]);
