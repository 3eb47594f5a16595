insert into reordered values (1, 'c', 2, 3);
insert into less values (4, 'd', 5, 6);
insert into changes values (1, 'c');
insert into diamond values (3);
