insert into t values (1, 'a', '{a,b}', 'a', row('b', 'y')), (2, 'b', '{}', null, null);
