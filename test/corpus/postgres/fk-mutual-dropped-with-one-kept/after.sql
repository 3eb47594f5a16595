create table kept (id int primary key, other int);
