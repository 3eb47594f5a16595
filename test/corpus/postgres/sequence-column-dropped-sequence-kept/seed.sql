select nextval('t_id_seq');
