insert into people values (1, 'a', '2020-01-01'), (2, 'b', null);
insert into plain values (3, 'c', null);
insert into others values (4, 'd');
insert into swaps values (5, 6);
