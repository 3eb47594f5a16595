create type e as enum ('a', 'b', 'c', 'it''s', 'D e');
create table t (v e default 'b');
create view w as select v from t where v > 'b';
create index i on t (v) where v = 'it''s';
