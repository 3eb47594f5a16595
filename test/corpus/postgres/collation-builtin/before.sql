-- since: 170000
create collation b (provider = builtin, locale = 'C');
create table t (a text collate b primary key);
