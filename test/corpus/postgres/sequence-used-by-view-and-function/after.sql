create sequence s as integer maxvalue 500;
create function next() returns bigint begin atomic select nextval('s') + 1; end;
create table t (id bigint default next(), other text default 'n' || nextval('s'));
