create table persons (id int primary key, name text);
create view people as select id, name from persons;
comment on view people is 'view';
create view names as select name from people;
