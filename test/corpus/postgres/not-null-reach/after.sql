-- since: 180000
create table t (a int constraint a_nn not null, b int, c int, d int constraint d_nn not null no inherit, e int constraint e_nn not null, f int constraint f_nn not null no inherit, g int not null, h int, i int);
alter table t add constraint c_nn not null c not valid;
alter table t add constraint i_nn2 not null i not valid;
comment on constraint f_nn on t is 'ff';
create table u (a int);
alter table u add constraint u_nn not null a not valid;
