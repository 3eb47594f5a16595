create type state as enum ('new', 'old');
create table t (state state not null default 'new', tags state[] default '{new}');
create index t_state on t (state) where state = 'new';
create view v as select state from t where state = 'new';
