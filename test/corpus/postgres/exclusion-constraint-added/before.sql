create table booking (room int, during tsrange);
