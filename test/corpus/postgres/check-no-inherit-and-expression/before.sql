create table t (a int, b int, constraint c check (a > 0), constraint d check (a < b));
