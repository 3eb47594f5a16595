insert into t values (1, 'running foxes'), (2, null);
