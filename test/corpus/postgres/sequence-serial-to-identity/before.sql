create table t (id serial primary key, v text);
create table u (id bigserial, n int);
