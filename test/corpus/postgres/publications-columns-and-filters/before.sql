-- since: 150000
-- loses: change-type t.a
create type mood as enum ('a', 'b');
create table t (id int primary key, a int, b text, m mood, dropped int);
create table "Other" (id bigint primary key, "Col.1" text, x int);
create function twice(n int) returns int language sql immutable as $$ select n * 2 $$;
create publication p for table t (id, a, dropped), "Other" where (x > 0);
create publication q for table t (id, b) where (a > 1 and b like 'x%');
create publication r for table "Other" (id, "Col.1") where ("Col.1" <> 'it''s');
create publication filtered for table t where (a is not null);
