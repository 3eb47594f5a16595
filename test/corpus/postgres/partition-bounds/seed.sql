INSERT INTO p VALUES (1, 'a', 1), (4, 'b', 1), (99, 'c', 1), (5, 'd', 1);
INSERT INTO lone VALUES ('e', 8, 1);
INSERT INTO q VALUES (9, 'f', 1);
