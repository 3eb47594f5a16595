create schema a;
create schema b;
create type a.e as enum ('y', 'x');
create function b.f(a.e) returns a.e language sql immutable as 'select $1';
create table b.t (v a.e default b.f('x'), w a.e);
create view a.v as select b.f(v) from b.t;
