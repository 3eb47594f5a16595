INSERT INTO m (id, plain) VALUES (1, 5), (2, 6);
