create extension citext;
create extension pg_trgm;
create extension hstore;
create extension "uuid-ossp";
create table t (id uuid default uuid_generate_v4(), name citext, props hstore default 'a=>1', x int);
create index trgm on t using gin ((name::text) gin_trgm_ops);
create index s on t using gist (props);
create function likeness(text, text) returns real language sql stable as 'select similarity($1, $2)';
