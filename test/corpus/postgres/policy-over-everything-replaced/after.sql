create type role_name as enum ('admin', 'user');
create table tenants (id bigint primary key, kind role_name not null default 'user');
create table docs (id int primary key, tenant_id bigint references tenants, title varchar(200));
create function current_tenant() returns bigint language sql stable as 'select 1::bigint';
create view my_tenants as select kind, id from tenants where id = current_tenant();
create policy by_tenant on docs for select using (tenant_id in (select id from my_tenants where kind <> 'user'));
create policy by_function on docs as restrictive for all using (tenant_id = current_tenant()) with check (length(title) > 1);
alter table docs enable row level security;
alter table docs force row level security;
