create schema app;
create table t (id bigint, n int, r int4range, constraint pk primary key (id, n), constraint "u q" unique (n), exclude using gist (r with &&));
comment on index pk is 'the index';
comment on constraint pk on t is 'the key';
comment on index "u q" is 'changed';
create table app.x (a bigint unique);
comment on index app.x_a_key is 'in app';
create domain positive as int constraint above check (value > 1);
comment on constraint above on domain positive is 'above one';
