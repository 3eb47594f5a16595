insert into t (a, b, c, d, e, h, k) values (1, 2, 3, 4, 5, 6, 7);
