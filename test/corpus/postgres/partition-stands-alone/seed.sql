INSERT INTO ref VALUES (1);
INSERT INTO p (id, r) VALUES (1, 1), (11, 1);
INSERT INTO comes (id, r) VALUES (33, 1);
