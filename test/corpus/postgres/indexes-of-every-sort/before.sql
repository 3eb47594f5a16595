create table t (a int, b text, c jsonb, d tsvector, e int[], f point);
