create table t (id int primary key, code text not null unique);
create table r (t_id int references t);
