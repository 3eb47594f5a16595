CREATE TABLE p (a int, "éééééééééééééééééééééééééééééé" int, "a very long name of a column that goes on and on until it ends" int) PARTITION BY LIST (a);
CREATE TABLE "a partition with a name that is nearly as long as names can be" PARTITION OF p FOR VALUES IN (1);
CREATE TABLE "ééééééééééééééééééééééééééééééx" PARTITION OF p FOR VALUES IN (2);
CREATE INDEX i ON p ("éééééééééééééééééééééééééééééé");
CREATE INDEX j ON p ("a very long name of a column that goes on and on until it ends", a);
ALTER TABLE p ADD UNIQUE (a, "éééééééééééééééééééééééééééééé", "a very long name of a column that goes on and on until it ends");
ALTER TABLE p ADD PRIMARY KEY (a);
CREATE INDEX k ON p (lower(a::text), (a + 1), abs(a));
