create table a (id int, n int);
create table b (id int, n int);
create function f() returns trigger language plpgsql as 'begin return new; end';
create trigger same before insert on b for each row execute function f();
create policy same on b using (n > 0);
create rule same as on delete to b do instead nothing;
create index kept on a (n);
alter table b enable row level security;
alter table b replica identity full;
