-- since: 180000
create table p (id int primary key);
create table c (id int, a int, b int, d int,
  constraint a_fk foreign key (a) references p (id) not enforced,
  constraint b_fk foreign key (b) references p (id),
  constraint d_fk foreign key (d) references p (id) deferrable not enforced,
  constraint chk check (a > 0) not enforced,
  constraint chk2 check (b > 0));
comment on constraint a_fk on c is 'kept';
