create table p (id int not null, tenant int not null, constraint p_pkey primary key (tenant, id));
create table c (p_id int, tenant int, foreign key (tenant, p_id) references p (tenant, id));
create view counts as select p.id, p.tenant, count(*) from p join c on c.p_id = p.id group by p.id, p.tenant;
