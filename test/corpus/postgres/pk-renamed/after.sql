create table t (id int constraint "PK_t" primary key);
create table r (id int references t);
