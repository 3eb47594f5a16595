create table p (id int, n int, constraint gone check (id > 0), constraint changed check (n > 0), constraint kept_below check (n < 1000), constraint mine check (id <> 7) no inherit, constraint local_too check (n <> 5));
create table c (constraint local_too check (n <> 5)) inherits (p);
create table g (constraint own check (n <> 8)) inherits (c);
create table other () inherits (p);
