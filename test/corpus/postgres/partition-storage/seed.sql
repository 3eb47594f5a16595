INSERT INTO p VALUES (1, 'x'), (2, 'y'), (3, 'z');
