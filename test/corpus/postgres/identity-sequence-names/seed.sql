INSERT INTO invoices (total) VALUES (1), (2); INSERT INTO app."Long" (n) VALUES (1);
