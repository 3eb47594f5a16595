insert into p (id, a, gone, kept_below, local_too, wide, nn, nn2) values (1, 1, 'g', 'k', 2, 'w', 'n', 'n');
insert into c (id, a, gone, kept_below, local_too, wide, nn, nn2, mine) values (2, 1, 'g', 'keep me', 2, 'w', 'n', 'n', 'm');
