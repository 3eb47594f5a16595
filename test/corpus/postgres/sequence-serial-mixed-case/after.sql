create table "Order" ("Id" bigserial primary key, "select" serial);
