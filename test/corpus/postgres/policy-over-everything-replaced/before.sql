create type role_name as enum ('admin', 'user', 'guest');
create table tenants (id int primary key, kind role_name not null default 'user');
create table docs (id int primary key, tenant_id int references tenants, title text);
create function current_tenant() returns int language sql stable as 'select 1';
create view my_tenants as select id, kind from tenants where id = current_tenant();
create policy by_tenant on docs for select using (tenant_id in (select id from my_tenants where kind <> 'guest'));
create policy by_function on docs as restrictive for all using (tenant_id = current_tenant()) with check (length(title) > 0);
alter table docs enable row level security;
alter table docs force row level security;
