insert into t values (1, 'y', '(1,2)'), (2, 'x', null);
