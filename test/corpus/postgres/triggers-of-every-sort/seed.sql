insert into a values (1, 0, 'x');
