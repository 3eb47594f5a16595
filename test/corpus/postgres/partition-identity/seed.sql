INSERT INTO p (a, n) VALUES (1, 1), (1, 2);
