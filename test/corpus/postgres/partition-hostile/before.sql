CREATE SCHEMA "S.1";
CREATE TABLE "S.1"."P;" ("a""b" int NOT NULL, "select" text, "ü" date) PARTITION BY LIST ("a""b");
CREATE TABLE "P.1" PARTITION OF "S.1"."P;" FOR VALUES IN (1);
CREATE TABLE "S.1"."table" ("ü" date, "a""b" int NOT NULL, "select" text);
CREATE INDEX "I.x" ON "S.1"."P;" ("select");
