create sequence ids increment by 10 minvalue 10 start with 20 cache 5 cycle;
create table a (id int default nextval('ids'));
create table b (id bigint default nextval('ids'::regclass), twice bigint default nextval('ids') * 2);
