create schema s;
create function s.lower(text) returns text language sql immutable as 'select $1';
create table t (a text);
create index i on t (lower(a));
create index j on t (s.lower(a));
