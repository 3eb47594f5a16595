create unlogged table p (id int primary key);
create unlogged table c (p int references p);
