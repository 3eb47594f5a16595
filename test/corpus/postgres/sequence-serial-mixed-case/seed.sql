insert into "Order" (v) values (1), (2);
