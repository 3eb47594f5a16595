insert into t values ('n');
