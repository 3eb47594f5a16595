create table t (a int, b int, constraint c check (a > 0) no inherit, constraint d check (a <= b and a is not null), constraint e check (false) not valid);
