insert into "user" values (1);
insert into "order" values (1, '3');
