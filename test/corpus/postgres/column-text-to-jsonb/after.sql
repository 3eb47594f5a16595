-- loses: change-type t.big
create table t (doc jsonb not null default '{"a": 1}', n integer default 3, b boolean default false, u uuid default gen_random_uuid(), ts timestamptz default now(), big numeric(20,4)[]);
create index t_doc on t using gin (doc jsonb_path_ops);
