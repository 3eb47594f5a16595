-- dumped otherwise: a column of a child stays its own when the parent has it too; no statement takes that back
create table p (id int not null, a text, b int default 2, constraint pos check (id > 0));
create table q (id int not null, z int);
create table comes (extra int, a text, id int not null, b int, constraint pos check (id > 0)) inherits (p);
create table leaves (id int not null, own int, a text, constraint pos check (id > 0));
create table moves (own int, id int not null, z int) inherits (q);
create table stays (own int) inherits (p);
create table "We;ird.""T" (id int not null, a text, b int default 2, constraint pos check (id > 0)) inherits (p);
create table fresh () inherits (comes);
