create table t (state text not null default 'new' check (state in ('new', 'old')), tags text[] default '{new}');
create index t_state on t (state) where state = 'new';
create view v as select state from t where state = 'new';
