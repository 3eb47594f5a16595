CREATE TYPE mood AS ENUM ('high', 'low', 'middle', 'mid');
CREATE DOMAIN score AS bigint CHECK (VALUE > 0);
CREATE TYPE pair AS (x bigint, y int, z text);
CREATE TABLE p (k int NOT NULL, m mood DEFAULT 'middle', s score NOT NULL, pr pair) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p (m DEFAULT 'low') FOR VALUES IN (1);
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2) PARTITION BY LIST (k);
CREATE TABLE p2a PARTITION OF p2 FOR VALUES IN (2);
CREATE INDEX p_m ON p (m);
CREATE INDEX p1_low ON p1 (s) WHERE m = 'low';
