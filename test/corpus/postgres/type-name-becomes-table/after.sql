create table thing (a int);
create table uses (n int);
