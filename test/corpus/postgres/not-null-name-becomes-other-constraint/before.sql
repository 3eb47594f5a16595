-- since: 180000
create table t1 (id int not null, c2 text constraint k1 not null, c3 int constraint k3 not null);
create table t2 (id int not null, c2 int, c3 int not null, constraint k1 unique (c3));
