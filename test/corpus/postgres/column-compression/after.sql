create table t (a text compression pglz, b text);
