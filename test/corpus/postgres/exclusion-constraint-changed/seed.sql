insert into booking values ('[2020-01-01,2020-01-02)', 'a');
