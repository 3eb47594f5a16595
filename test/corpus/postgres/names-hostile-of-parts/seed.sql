insert into "we;ird" values (1, 'u', 5, 'x');
