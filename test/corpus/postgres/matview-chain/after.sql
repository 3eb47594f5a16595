create table t (a int, b varchar(50));
create materialized view m1 as select a, b from t;
create unique index m1_a on m1 (a);
create view v1 as select * from m1;
create materialized view m2 as select a from v1;
create index m2_a on m2 (a desc);
comment on index m2_a is 'by a';
comment on column m2.a is 'col';
comment on materialized view m2 is 'second';
