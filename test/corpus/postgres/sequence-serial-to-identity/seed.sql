insert into t (v) values ('a'), ('b'), ('c');
insert into u (n) values (1), (2);
