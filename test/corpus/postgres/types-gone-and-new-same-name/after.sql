create type thing as (a int);
create table t (w thing, v text);
