create table t (m text not null default 'a@b' check (m like '%@%'), n varchar(100));
create index i on t (m);
