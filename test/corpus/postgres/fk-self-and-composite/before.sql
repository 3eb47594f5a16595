-- since: 150000
create table nodes (tenant int, id int, parent int, primary key (tenant, id));
