create table log (id bigserial primary key, msg text);
create index log_msg on log (msg);
