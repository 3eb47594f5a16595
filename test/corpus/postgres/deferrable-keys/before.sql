create table t (id int primary key, n int unique deferrable initially deferred);
