create table t (a int, b int, constraint t_a unique (a), constraint t_ab unique (a, b) include (b));
