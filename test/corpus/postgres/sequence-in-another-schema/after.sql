create schema ids;
create sequence ids.t_seq;
create table t (id bigint default nextval('ids.t_seq')); 
comment on sequence ids.t_seq is 'of t';
