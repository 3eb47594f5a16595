create table t (id int, c text);
create materialized view never as select distinct c as id from t;
create view between_them as select id from never;
create materialized view over as select id from between_them;
create unique index over_id on over (id);
