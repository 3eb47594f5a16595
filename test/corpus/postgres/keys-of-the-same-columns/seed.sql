INSERT INTO once VALUES (1, 'a'), (2, 'b'); INSERT INTO twice VALUES (1, 'a');
