create sequence t_id_seq as integer;
create table t (v int default nextval('t_id_seq'));
