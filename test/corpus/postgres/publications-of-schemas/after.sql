-- since: 150000
create schema app;
create schema "we;ird";
create schema "New.One";
create table app.t (id int primary key, a int);
create table "New.One".u (id int primary key);
create publication columns for tables in schema app;
create publication schemas for tables in schema app, "New.One";
create publication mixed for table app.t (id, a), "New.One".u;
create publication whole for all tables;
