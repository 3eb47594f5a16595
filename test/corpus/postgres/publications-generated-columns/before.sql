-- since: 180000
create table t (id int primary key, a int, g int generated always as (a * 2) stored);
create publication p for table t with (publish_generated_columns = stored);
create publication q for table t;
create publication r for table t (id, g);
