create table t1 (id int not null, c2 text not null, c3 int constraint k4 not null, constraint k1 primary key (id, c2), constraint k3 check (id > 0));
create table t2 (id int not null, c2 int, c3 int constraint k1 not null, constraint k2 unique (c3));
