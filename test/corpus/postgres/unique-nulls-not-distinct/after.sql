create table t (a int, b int, unique nulls not distinct (b));
create unique index i on t (a) nulls not distinct;
