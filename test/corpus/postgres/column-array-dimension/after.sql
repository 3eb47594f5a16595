create table t (a int, b bigint[]);
