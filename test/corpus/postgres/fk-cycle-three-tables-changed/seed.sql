insert into a values (1, null);
insert into c values (3, 1);
insert into b values (2, 3);
update a set b_id = 2;
