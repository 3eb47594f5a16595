create table p (id int primary key);
create table c (a int references p, b int references p on delete cascade, d int default 0 references p on update set default deferrable);
