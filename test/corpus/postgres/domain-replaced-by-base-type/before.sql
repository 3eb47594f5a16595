create domain email as text check (value like '%@%');
create table t (m email not null default 'a@b', n email);
create function f(email) returns email language sql as 'select $1';
create index i on t (m);
