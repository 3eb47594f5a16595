create schema old_home;
create type old_home.mood as enum ('good', 'bad');
create table old_home.people (id int primary key, mood old_home.mood default 'good');
create function old_home.count_people() returns bigint language sql as 'select count(*) from old_home.people';
create view happy as select id from old_home.people where mood = 'good';
create table outside (person int references old_home.people);
