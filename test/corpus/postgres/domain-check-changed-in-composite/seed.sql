insert into t values (row(1, 'y'), array[row(2, 'z')::c]);
