create table t (id serial primary key);
comment on sequence t_id_seq is 'counts';
