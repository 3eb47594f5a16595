insert into docs values (1, 1, 'a', true, 5), (2, 2, 'b', false, null);
insert into plain values (1, 's');
insert into "My App"."Do.cs" values ('x', 2);
