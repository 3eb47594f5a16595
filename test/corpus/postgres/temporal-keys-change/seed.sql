insert into p values (1, '[2024-01-01,2025-01-01)', 'x');
insert into c values (1, 1, '[2024-02-01,2024-03-01)');
insert into u values (1, '[2024-01-01,2024-02-01)');
