-- since: 180000
create extension btree_gist;
create table p (id int, valid daterange, primary key (id, valid without overlaps));
create table c (id int, valid daterange, n int, foreign key (id, period valid) references p (id, period valid), constraint n check (n > 0));
