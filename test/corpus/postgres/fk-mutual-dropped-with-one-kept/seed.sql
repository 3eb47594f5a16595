insert into kept values (1, null);
