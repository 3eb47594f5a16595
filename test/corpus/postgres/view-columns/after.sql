create table t (a int, b text, c date);
create view grows as select a, b from t;
create view shrinks as select a from t;
create view retyped as select a::text as a from t;
create view moves as select b, a from t;
create view renames as select a as y from t;
create view top as select g.a, g.b from grows g, shrinks s;
comment on column top.a is 'a';
