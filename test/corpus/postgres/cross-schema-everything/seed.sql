insert into b.t values ('x', 'y');
