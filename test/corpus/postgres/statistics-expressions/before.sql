-- since: 140000
create table t (a int, b int, c text);
create function half(int) returns int language sql immutable as $$ select $1 / 2 $$;
create statistics one on (a + b) from t;
create statistics two on lower(c), (a % 10) from t;
create statistics calls on half(a), b from t;
create statistics mixed (mcv) on a, (b * 2), upper(c) from t;
