-- since: 150000
create table t (a int, b int unique);
create unique index i on t (a);
