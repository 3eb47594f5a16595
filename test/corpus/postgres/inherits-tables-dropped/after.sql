create table kept (id int not null, a text not null default 'k', own int, constraint c1 check (id > 0));
create table lonely (x int);
create table below (id int not null, a text not null default 'a', constraint c1 check (id > 0));
