create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create collation ru (provider = icu, locale = 'und', rules = '&a < g');
create table t (a text collate ci primary key, b text collate ru);
