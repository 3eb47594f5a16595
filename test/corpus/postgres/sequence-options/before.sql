create sequence a;
create sequence b as smallint;
create sequence c increment by -1;
create sequence d maxvalue 100 cycle;
