insert into booking values (1, '[2020-01-01,2020-01-02)');
