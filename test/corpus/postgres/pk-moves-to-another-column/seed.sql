insert into t values (1, 'a');
insert into r values (1);
