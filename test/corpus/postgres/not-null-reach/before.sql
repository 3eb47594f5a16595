-- since: 180000
create table t (a int, b int, c int, d int, e int constraint e_nn not null no inherit, f int constraint f_nn not null, g int not null, h int, i int);
alter table t add constraint a_nn not null a not valid;
alter table t add not null b not valid;
alter table t add constraint h_nn not null h not valid;
alter table t add constraint i_nn not null i not valid;
comment on constraint f_nn on t is 'f';
comment on constraint t_g_not_null on t is 'auto';
