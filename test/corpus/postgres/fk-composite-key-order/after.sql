create table p (a int, b int, c text, unique (a, b));
create table k (x int, y int, foreign key (x, y) references p (b, a) match full);
