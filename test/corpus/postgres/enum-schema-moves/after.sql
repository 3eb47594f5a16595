create schema s;
create type s.e as enum ('a');
create table t (v s.e default 'a');
