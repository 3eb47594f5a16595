create table t (s varchar(20), u varchar, x text, constraint s_in check (s in ('a', 'b', 'c')), constraint u_in check (u in ('a', 'b')),
  constraint x_in check (x in ('a''b', 'c\d')), constraint not_in check (s not in ('z', 'y')));
create index part on t (s) where s in ('a', 'b');
create view v as select * from t where s in ('a', 'c') and u = any (array['x', 'y']);
