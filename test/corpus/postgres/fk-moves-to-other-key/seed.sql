insert into p values (1, 'x', 'y');
insert into c values ('x');
