create table t (id int, c text);
create materialized view never as select distinct c as id from t with no data;
