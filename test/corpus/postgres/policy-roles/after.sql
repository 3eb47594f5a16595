create table t (id int, n int);
create policy a on t to tm_reader, tm_writer using (true);
create policy b on t to "tm Odd""Role" using (n > 1);
create policy c on t to tm_writer using (true);
create policy d on t for insert to public with check (true);
create policy e on t to public using (id > 0);
create policy f on t for select to "tm Odd""Role", tm_reader using (true);
alter table t enable row level security;
