create function f_eq(a text, b text) returns boolean language sql immutable as 'select a = b';
create function f_ne(a text, b text) returns boolean language sql immutable as 'select a <> b';
create operator ~== (function = f_eq, leftarg = text, rightarg = text, negator = !~=);
create operator @@@ (function = f_eq, leftarg = text, rightarg = text, negator = !@@);
create operator @!@ (function = f_eq, leftarg = text, rightarg = text, commutator = @!@);
