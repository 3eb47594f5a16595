CREATE TYPE a_first;
CREATE FUNCTION a_first_in(cstring) RETURNS a_first LANGUAGE internal STRICT IMMUTABLE AS 'textin';
CREATE FUNCTION a_first_out(a_first) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS 'textout';
CREATE TYPE a_first (INTERNALLENGTH = variable, INPUT = a_first_in, OUTPUT = a_first_out, ALIGNMENT = int4);
CREATE CAST (text AS a_first) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (a_first AS text) WITHOUT FUNCTION AS IMPLICIT;
-- What it gives is no a_first, but becomes one without more ado.
CREATE FUNCTION as_first(integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1::text || '!' $$;
CREATE CAST (integer AS a_first) WITH FUNCTION as_first(integer) AS IMPLICIT;
CREATE FUNCTION length_of(text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT length($1)::bigint $$;
CREATE CAST (a_first AS bigint) WITH FUNCTION length_of(text);
