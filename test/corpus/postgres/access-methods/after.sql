create access method "Heap 2" type table handler heap_tableam_handler;
create access method my_btree type index handler hashhandler;
create access method heap3 type table handler heap_tableam_handler;
create table t (id int) using "Heap 2";
create table u (id int) using heap3;
create materialized view m using heap3 as select 1 as n;
