-- since: 140000
create sequence s;
create function next() returns bigint begin atomic select nextval('s'); end;
create table t (id bigint default next());
