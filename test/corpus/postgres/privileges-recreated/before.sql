-- roles: tm_reader, tm_writer, tm_owner, "tm Odd""Role"
-- since: 140000
CREATE TABLE base (id int, v varchar(10));
CREATE VIEW v1 AS SELECT id, v FROM base;
GRANT SELECT ON v1 TO tm_reader, tm_writer WITH GRANT OPTION;
COMMENT ON VIEW v1 IS 'one';
CREATE VIEW v2 AS SELECT v FROM v1;
GRANT SELECT (v) ON v2 TO tm_reader;
GRANT INSERT, UPDATE ON v2 TO "tm Odd""Role";
CREATE MATERIALIZED VIEW m AS SELECT v FROM v2;
GRANT SELECT ON m TO tm_reader;
GRANT SELECT (v) ON m TO tm_writer;
CREATE FUNCTION uses(base) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT ($1).v; END;
REVOKE ALL ON FUNCTION uses(base) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION uses(base) TO tm_reader;
