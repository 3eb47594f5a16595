insert into kept values (1, 2, 'x'), (2, 3, 'y');
insert into becomes_unlogged values (1);
insert into becomes_logged values (1);
