INSERT INTO one_x_low VALUES (1, 1, -5);
DELETE FROM one_x_low;
