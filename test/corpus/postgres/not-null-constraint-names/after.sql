create table t (id int, v text constraint named_nn not null, w int constraint x not null default 1);
