create table given (id bigint not null, v int);
alter table given owner to tm_owner;
create table taken (id bigserial, v int);
create table kept (id int, v serial);
alter table kept owner to tm_owner;
create sequence free;
alter sequence free owner to tm_owner;
alter sequence free owned by kept.id;

create table a (id int);
create table b (id int);
create table c (id int);
create sequence theirs owned by a.id;
create table turned (id bigint generated always as identity);
create table theirs_turned (id bigserial);
alter table theirs_turned owner to tm_owner;
alter table turned owner to tm_owner;
-- Whoever owns the most is nobody to wonder about.
create table mine1 (id serial primary key, k int generated always as identity);
create table mine2 (id serial primary key, k int generated always as identity);
create table mine3 (id serial primary key, k int generated always as identity);
create table mine4 (id serial primary key, k int generated always as identity);
create table mine5 (id serial primary key, k int generated always as identity);
create table mine6 (id serial primary key, k int generated always as identity);
