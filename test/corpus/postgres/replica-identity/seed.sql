insert into a values (1, 1, 1); insert into d values (1, 1); insert into e values (1, 2); insert into g values (1);
