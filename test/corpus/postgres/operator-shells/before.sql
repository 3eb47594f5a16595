create schema s;
create function f_eq(a text, b text) returns boolean language sql immutable as 'select a = b';
create function f_ne(a text, b text) returns boolean language sql immutable as 'select a <> b';
create operator s.=== (function = f_eq, leftarg = text, rightarg = text, negator = operator(s.!==));
create operator ~== (function = f_eq, leftarg = text, rightarg = text, negator = !~=);
create operator !~= (function = f_ne, leftarg = text, rightarg = text, negator = ~==);
create operator @@@ (function = f_eq, leftarg = text, rightarg = text);
create operator !@@ (function = f_ne, leftarg = text, rightarg = text, negator = @!@);
