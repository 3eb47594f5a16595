create table p (id int, n int, constraint changed check (n > 1), constraint mine check (id <> 7), constraint fresh check (id <> 9), constraint was_inherited check (id <> 11) no inherit);
create table c (constraint kept_below check (n < 1000)) inherits (p);
create table g (constraint own check (n <> 9)) inherits (c);
create table other () inherits (p);
alter table other add constraint late check (n <> 77) not valid;
