create table b (id int primary key);
create view a as select id from b;
create function c() returns int language sql as 'select 1';
create sequence d;
