INSERT INTO p VALUES (1, 'low', 1, (1, 2)), (2, 'high', 2, (3, 4));
