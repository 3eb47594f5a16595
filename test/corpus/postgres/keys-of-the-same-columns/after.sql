CREATE TABLE once (id integer PRIMARY KEY, code text NOT NULL);
ALTER TABLE once ADD CONSTRAINT "once more" UNIQUE (id);
CREATE TABLE twice (id integer NOT NULL, code text NOT NULL);
ALTER TABLE twice ADD CONSTRAINT twice_id UNIQUE (id) INCLUDE (code);
ALTER TABLE twice ADD CONSTRAINT twice_id_again UNIQUE (id) INCLUDE (code);

-- CREATE TABLE makes one of keys that differ by their name alone.
CREATE TABLE "of nothing" (id integer, during tsrange);
ALTER TABLE "of nothing" ADD CONSTRAINT first PRIMARY KEY (id);
ALTER TABLE "of nothing" ADD CONSTRAINT second UNIQUE (id);
ALTER TABLE "of nothing" ADD CONSTRAINT third UNIQUE (id);
ALTER TABLE "of nothing" ADD CONSTRAINT fourth UNIQUE (id) DEFERRABLE;
ALTER TABLE "of nothing" ADD CONSTRAINT fifth EXCLUDE USING gist (during WITH &&);
ALTER TABLE "of nothing" ADD CONSTRAINT sixth EXCLUDE USING gist (during WITH &&);
CREATE TABLE refers (id integer REFERENCES "of nothing" (id), other integer REFERENCES once (id));

CREATE TABLE whole (id integer, part integer) PARTITION BY LIST (part);
CREATE TABLE part_1 PARTITION OF whole FOR VALUES IN (1);
ALTER TABLE part_1 ADD CONSTRAINT part_a UNIQUE (id), ADD CONSTRAINT part_b UNIQUE (id) WITH (fillfactor = 70);
