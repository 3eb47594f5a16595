-- since: 150000
create type mood as enum ('b', 'a', 'c');
create table t (id bigint primary key, a numeric, b varchar(20), m mood, added int);
create table "Other" (id bigint primary key, "Col.1" varchar(300), x bigint);
create function twice(n int) returns int language sql immutable as $$ select n * 2 $$;
create publication p for table t (id, added), "Other" where (x > 1);
create publication q for table t (b, id, a) where (a > 1 and b like 'x%');
create publication r for table "Other" (id, "Col.1") where ("Col.1" <> 'it''s');
create publication filtered for table t;
