create table p (id int not null, a text, constraint pos check (id > 0));
create table q (id int not null, z int);
create table comes (extra int, a text, id int not null, constraint pos check (id > 0));
create table leaves (id int not null, own int) inherits (p);
create table moves (own int) inherits (p);
create table stays (own int) inherits (p);
create table "We;ird.""T" (id int not null, a text, constraint pos check (id > 0));
