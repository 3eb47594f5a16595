insert into t (v) values ('a'), ('b');
insert into r values (2);
