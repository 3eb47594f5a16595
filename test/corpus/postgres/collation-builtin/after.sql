create collation b (provider = builtin, locale = 'C.UTF-8');
create collation c (provider = builtin, locale = 'C');
create table t (a text collate b primary key);
