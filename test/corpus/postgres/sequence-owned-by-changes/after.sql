create sequence s;
create table t (id int default nextval('s'));
create sequence free owned by t.id;
create sequence stays as bigint;
