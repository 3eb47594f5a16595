create domain a as bigint check (value > 0);
create domain b as a check (value < 200);
create table t (x a, y b);
