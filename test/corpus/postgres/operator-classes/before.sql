create schema s;
create function cmp_len(a text, b text) returns int language sql immutable strict as 'select length(a) - length(b)';
create function lt(a text, b text) returns boolean language sql immutable strict as 'select length(a) < length(b)';
create function le(a text, b text) returns boolean language sql immutable strict as 'select length(a) <= length(b)';
create function eq(a text, b text) returns boolean language sql immutable strict as 'select length(a) = length(b)';
create function ge(a text, b text) returns boolean language sql immutable strict as 'select length(a) >= length(b)';
create function gt(a text, b text) returns boolean language sql immutable strict as 'select length(a) > length(b)';
create operator s.<# (function = lt, leftarg = text, rightarg = text, commutator = operator(s.>#));
create operator s.<=# (function = le, leftarg = text, rightarg = text);
create operator s.=# (function = eq, leftarg = text, rightarg = text, commutator = operator(s.=#));
create operator s.>=# (function = ge, leftarg = text, rightarg = text);
create operator s.># (function = gt, leftarg = text, rightarg = text, commutator = operator(s.<#));
create operator class s.by_len for type text using btree as
  operator 1 s.<#, operator 2 s.<=#, operator 3 s.=#, operator 4 s.>=#, operator 5 s.>#, function 1 cmp_len(text, text);
create operator family fam using btree;
create operator class "I nt" for type int using btree family fam as
  operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(int, int);
create operator family loose using btree;
alter operator family loose using btree add operator 1 <(int4, int8), function 1 (int4, int8) btint48cmp(int4, int8);
create operator class gone for type int using hash as operator 1 =, function 1 hashint4(int);
comment on operator class s.by_len using btree is 'by length';
comment on operator family fam using btree is 'a family';
create table t (id int primary key, a text, b int);
create index t_len on t (a s.by_len);
create unique index t_b on t (b "I nt" desc);
create index t_hash on t using hash (b gone);
comment on index t_len is 'x';
