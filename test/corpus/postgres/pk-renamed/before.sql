create table t (id int constraint t_pkey primary key);
create table r (id int references t);
