-- since: 180000
create table p (id int primary key);
create table c (id int, a int, b int, d int,
  constraint a_fk foreign key (a) references p (id),
  constraint b_fk foreign key (b) references p (id) not enforced,
  constraint d_fk foreign key (d) references p (id) deferrable initially deferred,
  constraint chk check (a > 0),
  constraint chk2 check (b > 0) not enforced);
comment on constraint a_fk on c is 'kept';
