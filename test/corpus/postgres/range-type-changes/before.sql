create type r as range (subtype = float8);
create table t (r r, x int);
