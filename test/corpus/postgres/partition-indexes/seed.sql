INSERT INTO p VALUES (1, 1, 'x', 1), (11, 1, 'y', 2), (12, 2, 'z', 3);
