insert into "s;.""q"."täble.""x" values (1, 'x', 2), (2, 'y', 3);
