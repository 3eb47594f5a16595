create schema ext;
create extension citext schema ext;
create extension pgcrypto with schema ext;
create table t (a ext.citext unique, b bytea default ext.gen_random_bytes(4));
comment on extension citext is 'ours';
