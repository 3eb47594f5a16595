insert into a values ('v');
insert into b values (1, 'v');
insert into c values ('v');
