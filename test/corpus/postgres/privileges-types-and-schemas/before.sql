-- roles: tm_reader, tm_writer, tm_owner, "tm Odd""Role"
-- loses: drop-attribute comp.c
CREATE SCHEMA "S.x";
GRANT USAGE, CREATE ON SCHEMA "S.x" TO tm_writer;
GRANT USAGE ON SCHEMA "S.x" TO tm_reader WITH GRANT OPTION;
CREATE SCHEMA gone;
GRANT ALL ON SCHEMA gone TO tm_reader;
CREATE TYPE "S.x".mood AS ENUM ('a', 'b');
REVOKE USAGE ON TYPE "S.x".mood FROM PUBLIC;
GRANT USAGE ON TYPE "S.x".mood TO tm_reader;
CREATE DOMAIN dom AS int CHECK (VALUE > 0);
GRANT USAGE ON DOMAIN dom TO tm_reader;
CREATE TYPE comp AS (a int, b text);
REVOKE USAGE ON TYPE comp FROM PUBLIC;
CREATE TYPE rng AS RANGE (subtype = float8);
REVOKE USAGE ON TYPE rng FROM PUBLIC;
GRANT USAGE ON TYPE rng TO "tm Odd""Role";
CREATE TABLE t (m "S.x".mood, d dom, c comp);
GRANT CREATE ON SCHEMA public TO tm_writer;
