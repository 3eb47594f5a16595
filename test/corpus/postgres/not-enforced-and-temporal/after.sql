create extension btree_gist;
create table p (id int, valid daterange, unique (id, valid without overlaps));
create table c (id int, valid daterange, n int, constraint n check (n > 0) not enforced);
