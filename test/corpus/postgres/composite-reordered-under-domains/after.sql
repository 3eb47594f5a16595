create type c as (y text, x bigint, z date);
create domain dc as c;
create domain dl as c[];
create type o as (c c, "l i" c[], d dc, n int);
create table t (a dc, b dl, o o, os o[], plain c);
