create table p (a int, b int, c text, primary key (a, b) include (c), unique (c) include (a) with (fillfactor = 60) deferrable);
