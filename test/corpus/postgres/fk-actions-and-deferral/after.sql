create table p (id int primary key);
create table c (a int references p on delete restrict on update cascade, b int references p on delete set null, d int default 0 references p on update set default deferrable initially deferred);
