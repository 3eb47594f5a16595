insert into t values (1, '{1,2}', row(1, 'y'), array[row(2, 'z')::c]);
