INSERT INTO orgs VALUES (1, 'a');
INSERT INTO p VALUES (1, 1, 'a'), (11, 1, 'a'), (20, 1, 'a'), (21, 1, NULL), (40, 1, 'a');
INSERT INTO n VALUES (50, 1, 'a');
INSERT INTO q VALUES (1, 1);
