create table p (id int, tenant int not null, constraint p_pkey primary key (id));
create table c (p_id int references p, tenant int);
create view counts as select p.id, p.tenant, count(*) from p join c on c.p_id = p.id group by p.id;
