-- since: 180000
create table t (id int primary key, a int, g int generated always as (a * 3) stored);
create publication p for table t;
create publication q for table t with (publish_generated_columns = stored, publish = 'insert');
create publication r for table t (id, g);
