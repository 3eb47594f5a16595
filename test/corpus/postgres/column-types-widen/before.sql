-- loses: change-type t.h
-- loses: change-type t.e
-- loses: change-type t.d
create table t (a smallint, b int, c varchar(10), d numeric(5,2), e real, f char(3), g timestamp, h date, i varchar(20)[]);
create index t_b on t (b);
create index t_c on t (c) where c <> 'x';
create view v as select a, b, c from t where d > 1;
