insert into kept values (1, 'x', 2);
insert into below values (2, 'y');
insert into lonely values (3);
insert into leaf values (4);
