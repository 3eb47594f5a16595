create schema ext;
create table t (a text);
