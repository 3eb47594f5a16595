insert into t values (1, 'x', 5), (2, 'yy', 6);
