create table booking (during tsrange, kind text, constraint x exclude using gist (during with &&));
