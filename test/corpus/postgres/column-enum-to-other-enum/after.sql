create type b as enum ('y', 'x', 'z');
create table t (v b default 'z', w b[]);
