-- A NOT VALID check comes to and goes from tables that inherit it, whether they have it on their own account or not.
CREATE TABLE a (id int);
CREATE TABLE b () INHERITS (a);
CREATE TABLE g (x int) INHERITS (b);
CREATE TABLE p (id int);
CREATE TABLE c () INHERITS (p);
ALTER TABLE p ADD CONSTRAINT stays CHECK (id > 0) NOT VALID;
ALTER TABLE p ADD CONSTRAINT goes CHECK (id > 1) NOT VALID;
ALTER TABLE p ADD CONSTRAINT "then valid" CHECK (id < 100) NOT VALID;
CREATE TABLE q (id int);
CREATE TABLE d () INHERITS (q);
ALTER TABLE q ADD CONSTRAINT kept_below CHECK (id > 0) NOT VALID;
