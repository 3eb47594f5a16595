create domain d as text collate "C" default 'yy' not null constraint short check (length(value) < 20) constraint lower check (value = lower(value));
create table t (a d, b d not null);
create view v as select a from t;
