create function ok(bigint) returns boolean language sql immutable as 'select $1 > 1';
create table t (a int check (ok(a)));
