CREATE TABLE once (id integer PRIMARY KEY, code text NOT NULL);
CREATE TABLE twice (id integer NOT NULL, code text NOT NULL);
