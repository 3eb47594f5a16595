create table t (id int primary key deferrable, n int unique);
