create table t (id bigserial primary key, v text);
create table r (t_id bigint references t);
