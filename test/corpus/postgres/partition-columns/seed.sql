INSERT INTO m (id, at, a, b, gone, mo, nn, s) VALUES (1, '2024-05-01', 1, 'x', 1, 'high', 1, 'a'), (1, '2025-05-01', 2, 'y', 2, 'high', 2, 'b'), (9, '2025-06-01', 3, 'z', 3, 'high', 3, 'c');
