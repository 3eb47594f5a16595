-- roles: tm_reader, tm_writer, "tm Odd""Role"
create table t (id int, n int);
create policy a on t to tm_reader using (true);
create policy b on t to tm_reader, "tm Odd""Role" using (n > 0);
create policy c on t using (true);
create policy d on t for insert to tm_writer with check (true);
create policy e on t to public using (id > 0);
alter table t enable row level security;
