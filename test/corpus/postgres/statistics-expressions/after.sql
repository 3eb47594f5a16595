create table t (a bigint, b int, c text);
create function half(int, int default 2) returns int language sql immutable as $$ select $1 / $2 $$;
create statistics one on (a + b) from t;
create statistics two on lower(c), (a % 11) from t;
create statistics calls on half(b), b from t;
create statistics mixed (mcv, ndistinct) on a, (b * 2), upper(c) from t;
alter statistics mixed set statistics 5;
