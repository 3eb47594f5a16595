-- loses: drop-attribute c.z
create type c as (x int, y text);
create domain dc as c;
create domain dl as c[];
create type o as (c c, "l i" c[], d dc, n int);
create table t (a dc, b dl, o o, os o[], plain c);
