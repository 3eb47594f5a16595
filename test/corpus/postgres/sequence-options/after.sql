create sequence a increment by 2 minvalue 0 start with 4 cache 3;
create sequence b as bigint;
create sequence c increment by 1;
create sequence d;
