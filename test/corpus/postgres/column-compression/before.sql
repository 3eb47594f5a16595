-- since: 140000
create table t (a text, b text compression pglz);
