create table nodes (tenant int, id int, parent int, primary key (tenant, id),
  constraint tree foreign key (tenant, parent) references nodes on delete set null (parent));
