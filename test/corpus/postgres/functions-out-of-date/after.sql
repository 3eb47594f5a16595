CREATE TABLE kept (id integer);
-- What these need is not there any more, and the server did not mind.
CREATE TABLE gone (id integer);
CREATE PROCEDURE clean(n integer) LANGUAGE sql AS $$ DELETE FROM kept WHERE id = n $$;
CREATE FUNCTION count_gone() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM gone $$;
CREATE PROCEDURE clean_all() LANGUAGE sql AS $$ CALL clean(1) $$;
DROP TABLE gone;
DROP PROCEDURE clean(integer);
SET check_function_bodies = off;
CREATE FUNCTION searched() RETURNS integer LANGUAGE sql SET default_text_search_config = no_such_config AS $$ SELECT 1 $$;
RESET check_function_bodies;
CREATE FUNCTION loading() RETURNS integer LANGUAGE sql
  SET local_preload_libraries = "Mixed/Case", 'c:/''a"/path', '', 'lib/0123456789012345678901234567890123456789012345678901234567890123456789'
  SET search_path = pg_catalog, "We ird"
  AS $$ SELECT 1 $$;
