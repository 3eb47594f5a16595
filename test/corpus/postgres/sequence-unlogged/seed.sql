select nextval('s');
insert into t (a) values (1);
