insert into p values (1, 2, 'c');
insert into k values (2, 1);
