INSERT INTO t VALUES ('a', 1, '(1,x)')
