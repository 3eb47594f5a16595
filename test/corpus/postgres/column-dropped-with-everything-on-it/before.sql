create table t (id int primary key, a int unique check (a > 0), b int, constraint ab unique (a, b), constraint lt check (a < b));
create index t_a on t (a);
create index t_ab on t (b, a);
create index only_b on t (b);
create view v as select id, a, b from t;
comment on column t.a is 'goes';
