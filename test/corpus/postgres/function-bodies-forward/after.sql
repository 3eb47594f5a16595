set check_function_bodies = off;
create function first() returns int language sql as 'select second() + (select count(*)::int from later)';
create function second() returns int language sql as 'select 1';
create table later (id int default second());
create table z (id int);
set check_function_bodies = off;
create function cyc_a(n int) returns int language sql as 'select case when n < 1 then 0 else cyc_b(n - 1) end';
create function cyc_b(n int) returns int language sql as 'select cyc_a(n - 1)';
reset check_function_bodies;
