create table a (id int); create table b (id int); create table c (id int); create table d (id int); create table f (id int);
alter table a enable row level security; alter table a force row level security;
alter table b enable row level security;
alter table d enable row level security; alter table d force row level security;
create policy p on d using (id > 0);
alter table f force row level security;
