create table t (a text default 'a;b', b text default $$x';--$$, c text default E'\'' , d text default 'multi
line');
create view v as select ';' as semi, '--' as dash, '/*' as star from t -- trailing comment
;
create function f() returns text language plpgsql as $$
-- a comment; with 'quotes
begin
  return 'x'; /* ; */
end;
$$;
