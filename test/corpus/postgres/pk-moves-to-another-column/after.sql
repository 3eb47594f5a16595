create table t (id int not null unique, code text primary key);
create table r (t_id int references t (id));
