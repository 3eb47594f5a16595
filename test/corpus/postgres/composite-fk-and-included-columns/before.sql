create table p (a int, b int, c text, primary key (a) include (b));
