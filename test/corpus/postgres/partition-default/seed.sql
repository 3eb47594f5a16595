INSERT INTO p VALUES (1, 'a'), (100, 'b');
INSERT INTO other VALUES (55, 'c');
