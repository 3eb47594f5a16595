create access method "Heap 2" type table handler heap_tableam_handler;
create access method my_btree type index handler bthandler;
create access method goes type index handler hashhandler;
comment on access method my_btree is 'like btree';
create table t (id int) using "Heap 2";
