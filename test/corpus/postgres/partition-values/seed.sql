INSERT INTO h0 SELECT i FROM generate_series(1, 20) i WHERE satisfies_hash_partition((SELECT oid FROM pg_class WHERE relname = 'h' AND relkind = 'p'), 2, 0, i);
INSERT INTO e VALUES ('b', now()), ('c', now());
INSERT INTO tz VALUES ('2024-01-05 00:00+00', 1);
INSERT INTO f VALUES (11, 1);
