create table t (doc text default '{}', n text, b text default 'true', u text, ts text, big text);
