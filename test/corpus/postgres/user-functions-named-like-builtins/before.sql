create schema s;
create function s.lower(text) returns text language sql immutable as 'select $1';
create table t (a text);
create index i on t (s.lower(a));
create index j on t (lower(a));
