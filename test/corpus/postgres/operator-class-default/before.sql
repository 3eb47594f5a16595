create type c as (re float8, im float8);
create function c_lt(c, c) returns boolean language sql immutable strict as 'select ($1).re < ($2).re';
create function c_le(c, c) returns boolean language sql immutable strict as 'select ($1).re <= ($2).re';
create function c_eq(c, c) returns boolean language sql immutable strict as 'select ($1).re = ($2).re';
create function c_ge(c, c) returns boolean language sql immutable strict as 'select ($1).re >= ($2).re';
create function c_gt(c, c) returns boolean language sql immutable strict as 'select ($1).re > ($2).re';
create function c_cmp(c, c) returns int language sql immutable strict as 'select btfloat8cmp(($1).re, ($2).re)';
create operator <<< (function = c_lt, leftarg = c, rightarg = c);
create operator <<= (function = c_le, leftarg = c, rightarg = c);
create operator === (function = c_eq, leftarg = c, rightarg = c);
create operator >>= (function = c_ge, leftarg = c, rightarg = c);
create operator >>> (function = c_gt, leftarg = c, rightarg = c);
create operator class c_ops for type c using btree as
  operator 1 <<<, operator 2 <<=, operator 3 ===, operator 4 >>=, operator 5 >>>, function 1 c_cmp(c, c);
create table t (id int primary key, v c);
create index t_v on t (v c_ops);
create view o as select id from t order by v using <<<;
