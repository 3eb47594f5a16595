create type r as range (subtype = numeric);
create table t (r r, x int);
create index i on t using gist (r);
