insert into parent values (5), (7);
insert into t (id, n, m) values (1, 5, 1), (2, 7, 2);
