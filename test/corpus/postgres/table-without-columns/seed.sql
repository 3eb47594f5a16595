insert into empty default values;
