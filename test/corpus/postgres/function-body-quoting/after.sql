create function f() returns text language sql as $body$ select '$$ ; -- \ '' "q" $function$ é' /* /* nested */ */ $body$;
create function "we;ird "" name"("in put" text default 'x''y;') returns text language sql as 'select "in put"';
create function ends_in_dollar() returns text language sql as 'select ''$''';
create function e() returns text language sql as E'select ''\\n'' || ''tab\there''';
