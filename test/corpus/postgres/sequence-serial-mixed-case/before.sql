create table "Order" ("Id" serial primary key, "select" smallserial, v int);
