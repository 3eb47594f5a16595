create table t (a int, b text, c int);
create index i1 on t (a desc);
create index i2 on t (a) with (fillfactor = 90, deduplicate_items = off);
create index i3 on t (a);
create index i4 on t (b varchar_pattern_ops) where c > 0;
comment on index i1 is 'one';
