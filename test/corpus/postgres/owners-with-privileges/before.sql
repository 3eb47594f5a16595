-- roles: tm_reader, tm_writer, tm_owner, "tm Odd""Role"
CREATE TABLE t (id int, x int);
ALTER TABLE t OWNER TO tm_owner;
GRANT SELECT ON t TO tm_reader;
GRANT INSERT (x) ON t TO tm_reader;
CREATE TABLE u (id int);
GRANT SELECT ON u TO tm_owner;
GRANT INSERT ON u TO tm_reader;
CREATE TABLE w (id int);
ALTER TABLE w OWNER TO tm_owner;
REVOKE DELETE ON w FROM tm_owner;
GRANT SELECT ON w TO tm_writer;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION f() OWNER TO tm_owner;
REVOKE ALL ON FUNCTION f() FROM PUBLIC;
CREATE SCHEMA s;
GRANT USAGE ON SCHEMA s TO tm_owner;
CREATE VIEW v AS SELECT x FROM t;
ALTER VIEW v OWNER TO tm_owner;
GRANT SELECT ON v TO tm_reader;
-- Whoever owns the most is nobody to wonder about.
CREATE TABLE a (id int);
CREATE TABLE b (id int);
CREATE TABLE c (id int);
CREATE TABLE d (id int);
