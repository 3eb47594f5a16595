insert into t default values;
insert into t values ('old', '{old,new}');
