-- loses: drop-table plain
CREATE TABLE plain (id int NOT NULL, n int) PARTITION BY LIST (id);
CREATE TABLE plain_rest PARTITION OF plain DEFAULT;
CREATE INDEX plain_n ON plain (n);
CREATE TABLE parted (id int NOT NULL, n int);
