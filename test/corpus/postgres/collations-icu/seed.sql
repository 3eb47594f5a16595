insert into t values ('a', 'b'), ('b', null);
