insert into a values (1, 1, 'x'); insert into b values (2, 2, 'y'); insert into p values (3);
