-- since: 180000
create extension btree_gist;
create table p (id int, valid daterange, note text, constraint p_key primary key (id, valid without overlaps));
create table c (id int, p_id int, valid daterange, constraint c_fk foreign key (p_id, period valid) references p (id, period valid));
create table u (id int, valid daterange, constraint u_key unique (id, valid));
comment on constraint p_key on p is 'no overlaps';
comment on index p_key is 'gist';
