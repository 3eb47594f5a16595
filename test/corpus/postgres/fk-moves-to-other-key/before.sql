create table p (id int primary key, code text not null constraint p_code unique, alt text not null unique);
create table c (code text references p (code));
