-- since: 150000
create schema app;
create schema "we;ird";
create schema leaves;
create table app.t (id int primary key, a int);
create table leaves.u (id int primary key);
create publication columns for table app.t (id);
create publication schemas for tables in schema app, "we;ird", leaves;
create publication mixed for table leaves.u, tables in schema app with (publish = 'insert');
create publication whole for tables in schema app;
