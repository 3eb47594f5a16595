insert into t values (1, 1, 'x'), (2, 2, 'y');
insert into app."Or""der" values (1, 'q');
