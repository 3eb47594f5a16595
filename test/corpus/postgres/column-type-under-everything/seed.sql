insert into t (id, n) values (1, 5);
