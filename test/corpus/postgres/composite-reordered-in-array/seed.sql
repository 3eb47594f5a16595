insert into t values (row(1, 'a'), array[row(1, 'a"b')::c, null, row(2, null)::c]);
