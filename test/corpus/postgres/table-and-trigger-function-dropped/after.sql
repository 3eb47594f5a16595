create table keep (a int default 1);
