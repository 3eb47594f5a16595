insert into s.t values (1, 'a', 1);
