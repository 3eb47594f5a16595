insert into t values (1, 'one'::text::"My T", '{a,b}'), (2, null, null);
