create table p (a int, b int, c text, unique (b, a));
create table k (x int, y int, foreign key (y, x) references p (a, b));
