CREATE SCHEMA "S.1";
CREATE TABLE "S.1"."P;" ("a""b" int NOT NULL, "select" varchar(9) DEFAULT 'it''s', "ü" date, "new:one" int) PARTITION BY LIST ("a""b");
CREATE TABLE "P.1" PARTITION OF "S.1"."P;" FOR VALUES IN (1, 2);
CREATE TABLE "S.1"."table" PARTITION OF "S.1"."P;" ("select" DEFAULT 'x') FOR VALUES IN (3);
CREATE INDEX "I.x" ON "S.1"."P;" ("select", "ü");
ALTER TABLE "S.1"."P;" ADD CONSTRAINT "p k" PRIMARY KEY ("a""b");
ALTER TABLE "P.1" ADD CONSTRAINT "C;" CHECK ("new:one" > 0);
COMMENT ON INDEX "P.1_select_ü_idx" IS 'odd';
COMMENT ON CONSTRAINT "P.1_pkey" ON "P.1" IS 'odd key';
