insert into p values (1, 'a', 2);
insert into app.c values (2, 'b', 3, 4);
