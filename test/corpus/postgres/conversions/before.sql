create schema s;
create conversion a for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create default conversion s."B b" for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1;
create conversion gone for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1;
create default conversion d1 for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
comment on conversion a is 'x';
create conversion plain for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1;
