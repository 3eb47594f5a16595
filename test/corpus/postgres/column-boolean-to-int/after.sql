-- loses: change-type t.n
create table t (flag integer not null default 0, n boolean default true, d timestamptz default now(), x json);
create index flags on t (flag) where flag = 1;
