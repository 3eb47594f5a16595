select nextval('a'), nextval('b'), nextval('d');
