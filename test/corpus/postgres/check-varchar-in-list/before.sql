create table t (s varchar(20), u varchar, x text, constraint s_in check (s in ('a', 'b')), constraint u_in check (u in ('a', 'b')));
