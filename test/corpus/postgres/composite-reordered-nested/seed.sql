insert into t values (row(row(1, 'a')::c, 2)::o, array[row(row(1, 'a')::c, 2)::o]);
