create table people (id int primary key, name text);
create index people_name on people (name);
comment on table people is 'table';
create view names as select name from people;
