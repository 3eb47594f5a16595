-- the family that pt sorts by has to be there first
create operator family ofam using btree;
create operator class oclass for type float8 using btree family ofam as
  operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btfloat8cmp(float8, float8);
create operator class pt for type point using gist as
  operator 1 <<, operator 5 >>, operator 10 <<|, operator 15 <-> (point, point) for order by ofam,
  function 1 gist_point_consistent (internal, point, smallint, oid, internal),
  function 2 gist_box_union(internal, internal),
  function 3 gist_point_compress(internal),
  function 5 gist_box_penalty(internal, internal, internal),
  function 6 gist_box_picksplit(internal, internal),
  function 7 gist_box_same(box, box, internal),
  function 8 (point, point) gist_point_distance(internal, point, smallint, oid, internal),
  function 9 (point, point) gist_point_fetch(internal),
  storage box;
create table t (id int primary key, p point);
create index t_p on t using gist (p pt);
create operator class arr for type text[] using gin as
  operator 1 && (anyarray, anyarray), operator 2 @> (anyarray, anyarray), operator 3 <@ (anyarray, anyarray),
  function 1 bttextcmp(text, text), function 2 ginarrayextract(anyarray, internal, internal),
  function 3 ginqueryarrayextract(anyarray, internal, smallint, internal, internal, internal, internal),
  function 4 ginarrayconsistent(internal, smallint, anyarray, integer, internal, internal, internal, internal),
  storage text;
