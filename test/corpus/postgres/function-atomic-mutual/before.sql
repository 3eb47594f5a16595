-- since: 140000
create table t (id int, v text);
