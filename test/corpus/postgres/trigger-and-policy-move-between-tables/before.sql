create table a (id int, n int);
create table b (id int, n int);
create function f() returns trigger language plpgsql as 'begin return new; end';
create trigger same before insert on a for each row execute function f();
create policy same on a using (n > 0);
create rule same as on delete to a do instead nothing;
create index kept on a (n);
alter table a enable row level security;
alter table a replica identity full;
