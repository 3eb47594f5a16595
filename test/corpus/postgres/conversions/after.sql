create schema s;
create conversion s.a for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create conversion s."B b" for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1;
create default conversion d2 for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create conversion d1 for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create conversion plainer for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1;
comment on conversion s."B b" is 'y';
