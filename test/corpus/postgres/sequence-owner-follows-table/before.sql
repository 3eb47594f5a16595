-- roles: tm_owner, tm_writer
create table given (id bigserial, v int);
create table taken (id bigint not null, v int);
alter table taken owner to tm_owner;
create table kept (id int, v int);
alter table kept owner to tm_owner;
create sequence free;
create sequence theirs;
alter sequence theirs owner to tm_writer;
create table a (id int);
create table b (id int);
create table c (id int);
create table turned (id bigserial);
create table theirs_turned (id bigint generated always as identity);
alter table theirs_turned owner to tm_owner;
-- Whoever owns the most is nobody to wonder about.
create table mine1 (id serial primary key, k int generated always as identity);
create table mine2 (id serial primary key, k int generated always as identity);
create table mine3 (id serial primary key, k int generated always as identity);
create table mine4 (id serial primary key, k int generated always as identity);
create table mine5 (id serial primary key, k int generated always as identity);
create table mine6 (id serial primary key, k int generated always as identity);
