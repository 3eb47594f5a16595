create table t (v text not null default 'a', w text[]);
create index i on t (v);
create function f(text) returns text language sql immutable as $$ select $1 $$;
