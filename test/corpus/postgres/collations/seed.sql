insert into t (id, a, b, c, d, e, g, arr) values (1, 'x', 'y', 'z', 'd', '(q,1)', 'g', '{a,b}'), (2, 'b', null, null, null, null, null, null);
insert into u values ('x');
insert into w values (1, '[a,c)');
