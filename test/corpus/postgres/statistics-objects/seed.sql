insert into t values (1, 2, 'c', 3, 4), (1, 2, 'c', 3, 5);
