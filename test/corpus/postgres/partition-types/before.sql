-- loses: drop-attribute pair.z
CREATE TYPE mood AS ENUM ('low', 'mid', 'high');
CREATE DOMAIN score AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (x int, y int);
CREATE TABLE p (k int NOT NULL, m mood DEFAULT 'mid', s score, pr pair) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p (m DEFAULT 'low') FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2) PARTITION BY LIST (k);
CREATE TABLE p2a PARTITION OF p2 FOR VALUES IN (2);
CREATE INDEX p_m ON p (m);
CREATE INDEX p1_low ON p1 (s) WHERE m = 'low';
