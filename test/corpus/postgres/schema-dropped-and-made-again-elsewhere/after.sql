create schema "New Home";
create type "New Home".mood as enum ('good', 'bad', 'so so');
create table "New Home".people (id int primary key, mood "New Home".mood default 'so so');
create function "New Home".count_people() returns bigint language sql as 'select count(*) from "New Home".people';
create view happy as select id from "New Home".people where mood = 'good';
create table outside (person int references "New Home".people);
