-- since: 160000
create collation ci (provider = icu, locale = 'und', deterministic = false);
create collation ru (provider = icu, locale = 'de-u-co-phonebk');
create table t (a text collate ci primary key, b text collate ru);
