select nextval('s'), nextval('s'), nextval('free'), nextval('stays');
