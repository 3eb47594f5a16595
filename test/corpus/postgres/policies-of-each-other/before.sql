CREATE TABLE accounts (name text PRIMARY KEY, level integer);
CREATE TABLE documents (id integer PRIMARY KEY, level integer);
