insert into tenants values (1, 'user'), (2, 'admin'); insert into docs values (1, 1, 'one'), (2, 2, 'two');
