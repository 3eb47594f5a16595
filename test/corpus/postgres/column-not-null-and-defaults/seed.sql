insert into t values (1, 2, 'c', '2020-01-01 00:00+00', 4);
