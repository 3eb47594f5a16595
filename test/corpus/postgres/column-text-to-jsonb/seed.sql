insert into t values ('{"k": [1]}', '5', 'true', null, null, null);
