insert into t values (true, 1, '2020-01-01', '{"a": 1}');
