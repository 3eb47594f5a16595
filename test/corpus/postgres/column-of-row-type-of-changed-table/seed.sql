insert into t2 values (1, 2, 'x'); insert into a_kept values (1);
