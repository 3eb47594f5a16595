CREATE TABLE p (a int, "éééééééééééééééééééééééééééééé" int, "a very long name of a column that goes on and on until it ends" int) PARTITION BY LIST (a);
