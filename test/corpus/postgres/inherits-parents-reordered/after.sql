create table a (x int);
create table b (y int);
create table c (z int);
create table t (x int, y int, z int) inherits (c, a, b);
create table u (x int, y int, z int) inherits (a, b, c);
