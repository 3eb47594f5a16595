create type e as enum ('a', 'c');
create table t (v e default 'a');
create view w as select v from t where v > 'a';
