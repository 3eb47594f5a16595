-- loses: drop-table parted
CREATE TABLE plain (id int NOT NULL, n int);
CREATE INDEX plain_n ON plain (n);
CREATE TABLE parted (id int NOT NULL, n int) PARTITION BY LIST (id);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
