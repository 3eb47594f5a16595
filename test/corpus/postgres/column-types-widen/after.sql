create table t (a int, b bigint, c text, d numeric(10,3), e double precision, f char(5), g timestamptz, h timestamp, i text[]);
create index t_b on t (b);
create index t_c on t (c) where c <> 'x';
create view v as select a, b, c from t where d > 1;
