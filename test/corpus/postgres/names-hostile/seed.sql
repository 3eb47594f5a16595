insert into "we;ird""s"."select" values (1, 'x', 1, 1, null);
insert into "table" values (1, 2);
