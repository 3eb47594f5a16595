create table p (id int primary key);
create table c (p_id int);
alter table c add constraint c_p foreign key (p_id) references p;
alter table c add constraint positive check (p_id > 0);
