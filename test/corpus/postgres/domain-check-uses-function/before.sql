create function good(text) returns boolean language sql immutable as $$ select $1 <> '' $$;
create domain d as text check (good(value));
create table t (a d);
