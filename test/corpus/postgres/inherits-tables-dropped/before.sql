create table p (id int primary key, a text not null default 'a', constraint c1 check (id > 0));
create table kept (id int not null, a text not null default 'k', own int, constraint c1 check (id > 0)) inherits (p);
create table also () inherits (p);
create table below () inherits (also);
create table lonely (x int);
create table leaf () inherits (lonely);
