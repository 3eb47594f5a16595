create text search configuration cfg (parser = "default");
alter text search configuration cfg add mapping for asciiword with simple;
create table t (id int primary key, body text, tsv tsvector generated always as (to_tsvector('cfg', body)) stored);
create index on t using gin (tsv);
create function f(x text) returns tsvector language sql immutable as $$ select to_tsvector('cfg', x) $$;
