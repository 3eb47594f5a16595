create table t (a int, b text, c date);
create view grows as select a from t;
create view shrinks as select a, b from t;
create view retyped as select a from t;
create view moves as select a, b from t;
create view renames as select a as x from t;
create view top as select g.a, s.b from grows g, shrinks s;
comment on column top.a is 'a';
