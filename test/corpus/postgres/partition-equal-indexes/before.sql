-- Of several equal indexes of a partition the index of the whole takes one over, always the same.
CREATE TABLE p (id int, n int) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE q (id int, n int) PARTITION BY RANGE (id);
CREATE TABLE q1 (id int, n int);
CREATE INDEX q_n ON q (n);
