insert into t values (1);
insert into r values (1);
