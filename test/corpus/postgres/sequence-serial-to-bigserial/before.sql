create table t (id serial primary key, v text);
create table r (t_id int references t);
