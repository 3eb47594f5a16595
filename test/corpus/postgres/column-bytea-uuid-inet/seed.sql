insert into t (a, b, c) values ('7f4b1a52-7c21-4a3a-8f6f-0d5b0c0e1a11', '10.0.0.1', '1 day');
