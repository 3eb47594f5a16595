create type thing as (a int);
create table uses (t thing);
