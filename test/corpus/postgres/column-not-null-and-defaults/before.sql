create table t (a int, b int not null default 1, c text default 'x', d timestamptz default now(), e int);
