create domain d as text default 'x' constraint short check (length(value) < 10);
create table t (a d, b d not null);
create view v as select a from t;
