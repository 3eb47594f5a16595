insert into t values (1, 'n', 'b');
refresh materialized view m;
