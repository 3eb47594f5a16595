create extension btree_gist;
create table booking (room int, during tsrange,
  constraint no_overlap exclude using gist (room with =, during with &&) where (room > 0) deferrable initially deferred);
comment on constraint no_overlap on booking is 'one guest at a time';
