create table a (id int); create table b (id int); create table c (id int); create table d (id int); create table e (id int);
alter table a enable row level security;
alter table b force row level security;
alter table c enable row level security; alter table c force row level security;
alter table e enable row level security;
create policy p on e using (true);
