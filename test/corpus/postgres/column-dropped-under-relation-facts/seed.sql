insert into t values (1, 2, 3, 'x');
delete from t;
insert into log values (1, 1);
