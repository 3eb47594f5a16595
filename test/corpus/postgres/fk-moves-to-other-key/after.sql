create table p (id int primary key, code text not null, alt text not null unique);
create unique index p_code on p (code);
create table c (code text references p (code));
