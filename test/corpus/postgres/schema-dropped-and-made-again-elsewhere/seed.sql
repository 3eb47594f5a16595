insert into old_home.people values (1);
