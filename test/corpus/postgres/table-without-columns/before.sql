create table empty ();
create table loses (a int);
