create table a (id int primary key);
create view b as select id from a;
create sequence c;
create function d() returns int language sql as 'select 1';
