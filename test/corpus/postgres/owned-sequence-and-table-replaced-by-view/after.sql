create table log_entries (id bigserial primary key, msg text);
create view log as select id, msg from log_entries;
