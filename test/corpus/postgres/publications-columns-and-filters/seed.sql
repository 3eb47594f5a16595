insert into t values (1, 2, 'x', 'a', 3);
insert into "Other" values (1, 'x', 2);
