INSERT INTO "S.1"."P;" VALUES (1, 'x', '2024-01-01');
INSERT INTO "S.1"."table" VALUES ('2024-01-01', 3, 'y');
