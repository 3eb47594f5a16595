create table kept (id int primary key, other int);
create table gone (id int primary key, k int references kept);
alter table kept add constraint kept_other foreign key (other) references gone;
create view joined as select k.id from kept k join gone g on g.id = k.other;
