insert into comes values (1, 'x', 2);
insert into leaves (id, a, own) values (3, 'y', 4);
insert into moves (id, a, own) values (5, 'z', 6);
insert into stays (id, a, own) values (7, 'w', 8);
insert into "We;ird.""T" values (9, 'v');
