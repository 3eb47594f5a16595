insert into t (a, e, f) values ('10:00', '2020-01-01', 5);
