CREATE TABLE public.pg_attrdef (a integer PRIMARY KEY, old text);
CREATE TABLE plain (a integer);
