create schema s;
create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '10', combinefunc = int4pl, parallel = restricted);
create aggregate cat_all(text) (sfunc = textcat, stype = text, initcond = 'a\b');
create aggregate n_of(*) (sfunc = int8inc, stype = int8, initcond = '0', combinefunc = int8pl, parallel = safe);
create aggregate "B ig"(int8) (sfunc = int8larger, stype = int8, sortop = >, sspace = 100);
create aggregate p_rank(p float8 order by x anyelement) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra, finalfunc_modify = shareable);
create aggregate my_rank(variadic "any" order by variadic "any") (sfunc = ordered_set_transition_multi, stype = internal, finalfunc = dense_rank_final, finalfunc_extra, hypothetical);
create aggregate s."mo;v"(int) (sfunc = int4_avg_accum, stype = int8[], finalfunc = int8_avg, initcond = '{0,0}', combinefunc = int4_avg_combine,
  msfunc = int4_avg_accum, minvfunc = int4_avg_accum_inv, mstype = int8[], mfinalfunc = int8_avg, minitcond = '{0,0}', msspace = 64, mfinalfunc_modify = shareable, parallel = safe);
create aggregate s.avg8(int8) (sfunc = int8_avg_accum, stype = internal, sspace = 48, finalfunc = numeric_poly_avg, combinefunc = int8_avg_combine, serialfunc = int8_avg_serialize, deserialfunc = int8_avg_deserialize, parallel = safe);
create function f_acc(state int, x int) returns int language sql immutable as 'select state * x';
create aggregate own(y int) (sfunc = f_acc, stype = int, initcond = '1');
create function f_many(s int, variadic x int[]) returns int language sql immutable as $$ select coalesce(s, 0) + cardinality(x) $$;
create aggregate many(variadic int[]) (sfunc = f_many, stype = int, initcond = '5');
create table t (a int, b int8);
create view v as select total(a) as t, own(a) as o, "B ig"(b) as b, p_rank(0.5) within group (order by a) as p from t;
comment on aggregate total(int) is 'another sum';
comment on aggregate s.avg8(int8) is 'avg';
