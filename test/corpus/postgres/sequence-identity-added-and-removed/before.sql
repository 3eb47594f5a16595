create table t (id int not null, a int generated always as identity, d int default 5);
