insert into t values ('x@y', 'z@z');
