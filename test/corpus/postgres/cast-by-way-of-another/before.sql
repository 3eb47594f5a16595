CREATE TYPE a_first;
CREATE FUNCTION a_first_in(cstring) RETURNS a_first LANGUAGE internal STRICT IMMUTABLE AS 'textin';
CREATE FUNCTION a_first_out(a_first) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS 'textout';
CREATE TYPE a_first (INTERNALLENGTH = variable, INPUT = a_first_in, OUTPUT = a_first_out, ALIGNMENT = int4);
