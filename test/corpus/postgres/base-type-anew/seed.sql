insert into t values (1, 'one', '{a,b}', 'dd'::text::s."T x", 3), (2, 'two', null, null, null);
insert into u values (1, 'x'), (2, null);
