insert into t (id) values (7);
