CREATE TABLE above (a integer, b integer GENERATED ALWAYS AS (a * 2) STORED);
