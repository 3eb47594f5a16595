CREATE TABLE above (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
CREATE TABLE own (a integer NOT NULL, b integer) INHERITS (above);
CREATE TABLE given () INHERITS (above);
