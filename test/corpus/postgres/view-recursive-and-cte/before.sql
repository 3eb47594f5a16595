create table tree (id int, parent int);
