create table staff (id int primary key, boss int references staff, unique (boss));
