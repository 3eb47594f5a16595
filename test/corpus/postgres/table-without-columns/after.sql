create table loses ();
create table empty (a int, b int);
