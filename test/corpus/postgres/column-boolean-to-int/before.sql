-- loses: change-type t.flag
-- loses: change-type t.d
create table t (flag boolean not null default false, n int default 1, d date default current_date, x jsonb);
create index flags on t (flag) where flag;
