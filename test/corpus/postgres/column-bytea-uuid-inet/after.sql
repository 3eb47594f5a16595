create table t (a text, b text, c text, d text, e text, f numeric, g text);
