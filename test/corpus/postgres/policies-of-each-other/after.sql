CREATE TABLE accounts (name text PRIMARY KEY, level integer);
CREATE TABLE documents (id integer PRIMARY KEY, level integer);
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
-- A sub-select has brackets of its own.
CREATE POLICY seen ON documents AS RESTRICTIVE
  USING ((SELECT documents.level <= accounts.level FROM accounts WHERE accounts.name = CURRENT_USER))
  WITH CHECK ((WITH own AS (SELECT level FROM accounts) SELECT max(level) > 3 FROM own));
CREATE POLICY listed ON accounts USING ((VALUES (true)));

-- Each table's policy needs a view of the other.
CREATE TABLE rec1 (x integer, y integer);
CREATE TABLE rec2 (a integer, b integer);
CREATE VIEW rec1v AS SELECT * FROM rec1;
CREATE VIEW rec2v AS SELECT * FROM rec2;
CREATE POLICY r1 ON rec1 USING (x = (SELECT a FROM rec2v WHERE b = y));
CREATE POLICY r2 ON rec2 USING (a = (SELECT x FROM rec1v WHERE y = b));
ALTER TABLE rec1 ENABLE ROW LEVEL SECURITY;
ALTER TABLE rec2 ENABLE ROW LEVEL SECURITY;

-- And so may rules and triggers.
CREATE TABLE log1 (n integer);
CREATE TABLE log2 (n integer);
CREATE VIEW log1v AS SELECT n FROM log1;
CREATE VIEW log2v AS SELECT n FROM log2;
CREATE RULE onwards AS ON INSERT TO log1 DO ALSO INSERT INTO log2v VALUES (new.n);
CREATE RULE back AS ON DELETE TO log2 DO ALSO DELETE FROM log1v WHERE n = old.n;
