create table p (id int primary key, a int, gone text, kept_below text, local_too int, wide varchar(10), d int default 1, nn text, nn2 text not null, g int generated always as (id + 1) stored);
create table c (local_too int, mine text) inherits (p);
create table g (deep int) inherits (c);
create table other (alone int) inherits (p);
create index on c (wide);
create index on p (a);
create view v as select id, wide, a from p;
create view w as select wide, mine from c;
