create schema s;
create function cmp_len(a text, b text) returns int language sql immutable strict as 'select length(a) - length(b)';
create function lt(a text, b text) returns boolean language sql immutable strict as 'select length(a) < length(b)';
create function le(a text, b text) returns boolean language sql immutable strict as 'select length(a) <= length(b)';
create function eq(a text, b text) returns boolean language sql immutable strict as 'select length(a) = length(b)';
create function ge(x text, y text) returns boolean language sql immutable strict as 'select length(x) >= length(y)';
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
alter operator family fam using btree add operator 1 <(int4, int8), operator 3 =(int4, int8), function 1 (int4, int8) btint48cmp(int4, int8);
alter operator family fam using btree add function 2 (int4, int4) btint4sortsupport(internal);
create operator family loose using btree;
alter operator family loose using btree add operator 1 <(int4, int2), function 1 (int4, int2) btint42cmp(int4, int2);
create operator class brand_new for type int8 using btree family loose as
  operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint8cmp(int8, int8);
comment on operator class brand_new using btree is 'new';
comment on operator class s.by_len using btree is 'by length!';
create table t (id int primary key, a text, b int);
create index t_len on t (a s.by_len);
create unique index t_b on t (b "I nt" desc);
create index t_hash on t using hash (b);
comment on index t_len is 'x';
