create table employees (id int primary key, boss int references employees);
