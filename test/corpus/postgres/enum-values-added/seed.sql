insert into t values ('c');
